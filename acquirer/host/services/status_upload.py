"""A terminal's status (状态上送): which of its devices work, and its parameters; kept as it came.

UnionPay: 0820, function 362.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from acquirer.data.text import printable
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import fetched, wanted
from acquirer.host.registry import service

DEVICES: Final = {"01": "keyboard", "02": "PIN pad", "03": "card reader", "04": "printer", "05": "display"}
DEVICE_CHARACTERS: Final = 3  # two digits of the device, and 1: it works


@service("status_upload")
def status_upload(case: Case) -> Decision:
    """Keep a terminal's status; it is asked for it no more."""
    text = printable(wanted(case).decode("gbk", "replace"))  # a merchant's name may stand behind the devices
    broken = _broken(text)
    sentence = f"status: {', '.join(broken)} out of order" if broken else "status: all devices work"
    notes = () if text[:2] in DEVICES else ("odd-status: it does not begin with 01 (keyboard) and 1 or 0",)
    return fetched(case, "status", sentence, session=replace(case.session, device_status=text), notes=notes)


def _broken(text: str) -> list[str]:
    """Return the devices that a status says do not work.

    >>> _broken("011021030041051")
    ['card reader']
    """
    devices = [
        text[at : at + DEVICE_CHARACTERS] for at in range(0, DEVICE_CHARACTERS * len(DEVICES), DEVICE_CHARACTERS)
    ]
    return [DEVICES[one[:2]] for one in devices if one[:2] in DEVICES and one[2:] == "0"]
