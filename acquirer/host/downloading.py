"""What the services of downloads share: reading what is asked for, and answering.

1. No download needs a MAC or a sign-on: a terminal makes them before anything else.
2. A host asks for downloads in the head of each reply (`sealing.asking_nibble`), one kind at a time in their order,
   until the end of that kind has come. A sign-on that is due is asked for first.
3. What is not there is answered as an empty list, not refused: the terminal goes on with the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from acquirer.downloads.kinds import Download
from acquirer.host.case import Case
from acquirer.host.decision import Decided, Decision
from acquirer.host.explain import downloads as why
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session
from acquirer.wire.message import Value, as_bytes

T = TypeVar("T")


def wanted(case: Case) -> bytes:
    """Return what a request brings in element `download`; b"" where it brings nothing."""
    value = case.host.dialect.get_from(case.fields, "download")
    return b"" if value is None else as_bytes(value)


def read_wanted(case: Case, read: Callable[[bytes], T]) -> T:
    """Return what a request asks for, read.

    Args:
        read: raises ValueError with the rest of a sentence about what cannot be read.

    Raises:
        Decided: it asks for something in another form.
    """
    try:
        return read(wanted(case))
    except ValueError as exc:
        raise Decided(Decision(Reason.FORMAT_ERROR, why.unreadable(case.host.dialect, str(exc)))) from None


def answer(
    case: Case, sentence: str, content: bytes = b"", *, session: Session | None = None, notes: tuple[str, ...] = ()
) -> Decision:
    """Return the approval that brings something; b"": it brings nothing."""
    elements: dict[str, Value] = {**case.request.stamp.reply_elements, "rrn": case.rrn}
    if content:
        elements["download"] = content
    return Decision(
        Reason.APPROVED, sentence, reply_elements=elements, session=session, rrn=case.rrn, notes=(*notes, *case.notes)
    )


def fetched(
    case: Case,
    kind: Download,
    done: str = "",
    content: bytes = b"",
    *,
    session: Session | None = None,
    notes: tuple[str, ...] = (),
) -> Decision:
    """Note that a terminal has fetched a kind: it is asked for it no more.

    Args:
        done: what is said of it; "": that it was fetched.
        session: as it becomes otherwise; None: it stays as it is.
    """
    pending = case.session.downloads
    after = tuple(one for one in pending if one != kind)
    if after != pending:
        session = replace(session or case.session, downloads=after)
    sentence = f"{done or why.ended(kind, pending)}; {why.still_pending(after)}"
    return answer(case, sentence, content, session=session, notes=notes)
