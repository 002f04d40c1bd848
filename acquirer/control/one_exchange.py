"""What is said of one exchange: how it differs from rules, and which messages it was."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from acquirer.app.serve import Running
from acquirer.control.problems import Problem
from acquirer.dialect.dialect import Dialect
from acquirer.journal.entry import Entry
from acquirer.journal.masked_frame import masked_frame, masked_start
from acquirer.journal.subject import JournalSubject
from acquirer.matcher.expression import Expression, compiled, conjunction, conjuncts, keys_of
from acquirer.matcher.keys import JOURNAL_KEYS, field_place
from acquirer.matcher.near import near_misses
from acquirer.scenario.rules import Rule
from acquirer.wire.message import DecodeError, EncodeError


def exchange_named(running: Running, number: int) -> Entry:
    """Return an exchange of the journal; from any thread. Raises Problem: there is none of this number."""
    with running.store.reader() as reader:
        entry = reader.exchange(number)
    if entry is None:
        sentence = f"there is no exchange {number}; /journal lists those there are"
        raise Problem(HTTPStatus.NOT_FOUND, "no-exchange", sentence)
    return entry


def rule_near(rule: Rule, subject: JournalSubject) -> dict[str, Any]:
    """Return whether an exchange fits a rule, and in what it differs; what a journal cannot tell is named."""
    unknown, kept = _parts(rule.when)
    condition = conjunction(kept)
    misses = near_misses(condition, [subject])
    return {
        "name": rule.name,
        "fits": compiled(condition)(subject),
        "differs": [text for miss in misses for text in miss.failed],
        "not_kept": sorted(unknown),
    }


def _parts(when: Expression) -> tuple[set[str], list[Expression]]:
    """Return the keys that a journal does not keep, and the parts of a condition that ask for none of them."""
    unknown: set[str] = set()
    kept: list[Expression] = []
    for part in conjuncts(when):
        missing = {key for key in keys_of(part) if key not in JOURNAL_KEYS and field_place(key) is None}
        unknown |= missing
        if not missing:
            kept.append(part)
    return unknown, kept


def messages_of(entry: Entry, dialect: Dialect | None) -> dict[str, Any]:
    """Return the messages of an exchange in hexadecimal digits, as far as they can be made again."""
    if entry.failure:
        request = masked_start(entry.before_failure) if entry.before_failure else None
        return {"request": None if request is None else _hexadecimal(request, []), "reply": None, "masked": True}
    request_message = _message(entry.request, entry.mti, dialect)
    reply = None if entry.reply is None else _message(entry.reply, entry.reply_mti, dialect)
    return {"request": request_message, "reply": reply, "masked": True}


def _message(fields: Any, mti: str, dialect: Dialect | None) -> dict[str, Any] | None:
    if dialect is None or not mti:
        return None
    try:
        frame, left_out = masked_frame(fields, mti, dialect)
    except EncodeError:
        return None
    return {**_hexadecimal(frame, left_out), "spans": _spans(frame, dialect)}


def _spans(frame: bytes, dialect: Dialect) -> dict[str, list[int]]:
    """Return where each part of a frame stands: its first byte, and the one behind its last."""
    try:
        spans = dialect.spans(dialect.decode(frame))
    except DecodeError:  # what is hidden made another message of it
        return {}
    return {str(name): [*span] for name, span in spans.items()}


def _hexadecimal(data: bytes, left_out: list[int]) -> dict[str, Any]:
    return {"hex": data.hex().upper(), "bytes": len(data), "left_out": [f"de.{de}" for de in left_out]}
