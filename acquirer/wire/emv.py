"""The meaning of bits in EMV data objects (EMV 4.3 Book 3, annexes A and C).

Only of those that a person looks at when a chip transaction is refused: the terminal's verification results, the kind
of cryptogram, how the cardholder was verified. They are the same for every acquirer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acquirer.data.text import plural
from acquirer.wire.grammar import Text

# byte, bit (8 is the high one) → meaning when it is set
TVR: Mapping[tuple[int, int], str] = {
    (1, 8): "offline data authentication not performed",
    (1, 7): "SDA failed",
    (1, 6): "ICC data missing",
    (1, 5): "card on exception file",
    (1, 4): "DDA failed",
    (1, 3): "CDA failed",
    (2, 8): "application versions differ",
    (2, 7): "application expired",
    (2, 6): "application not yet effective",
    (2, 5): "service not allowed for card",
    (2, 4): "new card",
    (3, 8): "cardholder verification failed",
    (3, 7): "unknown CVM",
    (3, 6): "PIN try limit exceeded",
    (3, 5): "PIN pad absent or broken",
    (3, 4): "PIN not entered",
    (3, 3): "online PIN entered",
    (4, 8): "over floor limit",
    (4, 7): "lower offline limit exceeded",
    (4, 6): "upper offline limit exceeded",
    (4, 5): "randomly chosen to go online",
    (4, 4): "merchant forced online",
    (5, 8): "default TDOL used",
    (5, 7): "issuer authentication failed",
    (5, 6): "script failed before final cryptogram",
    (5, 5): "script failed after final cryptogram",
}
TSI: Mapping[tuple[int, int], str] = {
    (1, 8): "offline data authentication done",
    (1, 7): "cardholder verified",
    (1, 6): "card risk managed",
    (1, 5): "issuer authenticated",
    (1, 4): "terminal risk managed",
    (1, 3): "script processed",
}
CRYPTOGRAMS = {0x00: "AAC (declined)", 0x40: "TC (approved offline)", 0x80: "ARQC (go online)"}
CVM = {
    0x00: "CVM failed",
    0x01: "plain PIN by card",
    0x02: "enciphered PIN online",
    0x03: "plain PIN by card, and signature",
    0x04: "enciphered PIN by card",
    0x05: "enciphered PIN by card, and signature",
    0x1E: "signature",
    0x1F: "no CVM required",
    0x3F: "no CVM performed",
}
CVM_RESULTS = {0: "result unknown", 1: "failed", 2: "successful"}


def tag_meaning(tag: str, value: bytes) -> Text:
    """Return what `value` of an EMV `tag` says in words; empty when there is nothing to say.

    >>> tag_meaning("9F27", b"\\x80").en, tag_meaning("95", bytes.fromhex("008004E000")).en[:29]
    ('ARQC (go online)', 'application versions differ; ')
    """
    reader = _READERS.get(tag)
    return Text(reader(value)) if reader else Text("")


def _flags(names: Mapping[tuple[int, int], str], size: int) -> Callable[[bytes], str]:
    def read(value: bytes) -> str:
        if len(value) != size:
            return f"{plural(size, 'byte')} expected"
        set_bits = [name for (byte, bit), name in names.items() if value[byte - 1] >> (bit - 1) & 1]
        return "; ".join(set_bits) or "no bit set"

    return read


def _cryptogram(value: bytes) -> str:
    return CRYPTOGRAMS.get(value[0] & 0xC0, "reserved") if value else ""


def _cvm(value: bytes) -> str:
    if len(value) != 3:
        return "3 bytes expected"
    method = CVM.get(value[0] & 0x3F, "another method")
    return f"{method}, {CVM_RESULTS.get(value[2], 'result reserved')}"


_READERS: Mapping[str, Callable[[bytes], str]] = {
    "95": _flags(TVR, 5),
    "9B": _flags(TSI, 2),
    "9F27": _cryptogram,
    "9F34": _cvm,
}
