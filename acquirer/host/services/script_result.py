"""The result of an issuer's script (脚本处理结果通知): what the chip made of the commands in a reply.

It names its transaction by batch and STAN. It is kept in the journal and always answered 00: a terminal forgets it
however it is answered, and a transaction that is not there is noted only.
"""

from __future__ import annotations

from acquirer.host.booking import book
from acquirer.host.case import Case, Deciding
from acquirer.host.chip_notes import chip_objects
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.text import numbered
from acquirer.host.ties import load_named
from acquirer.model.reasons import Reason
from acquirer.wire.tlv import find_value

SCRIPT_RESULT = "DF31"  # five bytes for each script: result and failed command, then the script's identifier
RESULTS = {0: "not performed", 1: "failed", 2: "done"}


@service("script_result", key=own_key)
def script_result(case: Case) -> Deciding:
    """Take the result of a script."""
    case.begin()
    original = yield from load_named(case)
    notes = () if original is not None else ("script-result: no transaction of this terminal has its batch and STAN",)
    which = "" if original is None else f" of the transaction with {numbered(case.host.dialect, original.key)}"
    sentence = f"script{which}: {_words(case)}"
    return book(case, Judgement(Reason.APPROVED, sentence), notes=notes)


def _words(case: Case) -> str:
    objects = chip_objects(case.host.dialect, case.request.message)
    value = find_value(objects, SCRIPT_RESULT) if isinstance(objects, tuple) else None
    if not value:
        return "no result came"
    return ", ".join(RESULTS.get(value[at] >> 4, "unknown result") for at in range(0, len(value), 5))
