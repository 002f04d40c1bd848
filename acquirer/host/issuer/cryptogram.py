"""What an issuer with the key of a card's chip makes of a cryptogram, and what it answers the chip."""

from __future__ import annotations

from collections.abc import Mapping

from acquirer.host.issuer.cards import CardEntry
from acquirer.security.cryptogram import card_key, request_cryptogram, response_cryptogram, session_key
from acquirer.security.secret import Secret
from acquirer.wire.cryptogram_data import COVERED, IAD, covered_data

ARQC, ATC = "9F26", "9F36"


def why_another_cryptogram(entry: CardEntry, chip: Mapping[str, bytes]) -> str:
    """Return why a request's cryptogram is not the card's, as the rest of a sentence; "" when it is."""
    data, arqc = covered_data(chip), chip.get(ARQC)
    if data is None or arqc is None:
        missing = ", ".join(tag for tag in (ARQC, *COVERED, IAD) if tag not in chip)
        return f"has a chip whose cryptogram needs {missing}: send them"
    session = _session(entry, chip)
    if session is None or request_cryptogram(session, data) == arqc:
        return ""
    return (
        f"has a chip that makes another cryptogram (9F26) of this data, under issuer's key KCV {entry.imk_kcv}: "
        f"{' '.join(COVERED)} and the CVR are covered"
    )


def answer_of(entry: CardEntry, chip: Mapping[str, bytes], code: str) -> list[tuple[str, bytes]]:
    """Return what the issuer tells the chip: its ARPC with the response code (91), and the card's script (72)."""
    session, arqc = _session(entry, chip), chip.get(ARQC)
    if session is None or arqc is None or len(code) != 2:
        return []
    objects = [("91", response_cryptogram(session, arqc, code) + code.encode("ascii"))]
    return [*objects, ("72", entry.script)] if entry.script else objects


def _session(entry: CardEntry, chip: Mapping[str, bytes]) -> Secret | None:
    if entry.imk is None or ATC not in chip:
        return None
    return session_key(card_key(entry.imk, entry.pan, entry.sequence), chip[ATC])
