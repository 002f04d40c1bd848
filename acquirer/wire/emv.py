"""The meaning of bits in EMV data objects (EMV 4.3 Book 3, annexes A and C).

Of those that a person looks at when a chip transaction is refused: what the terminal found and did, the kind of
cryptogram, how the cardholder was verified, what chip and terminal can do, what the issuer answers. They are the same
for every acquirer; issuer's data (9F10) are read as UnionPay's cards have them (PBOC 3.0).
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
AIP: Mapping[tuple[int, int], str] = {
    (1, 7): "SDA",
    (1, 6): "DDA",
    (1, 5): "cardholder verification",
    (1, 4): "terminal risk management",
    (1, 3): "issuer authentication",
    (1, 1): "CDA",
}
TERMINAL_CAPABILITIES: Mapping[tuple[int, int], str] = {
    (1, 8): "keyed entry",
    (1, 7): "magnetic stripe",
    (1, 6): "chip with contacts",
    (2, 8): "plain PIN by card",
    (2, 7): "enciphered PIN online",
    (2, 6): "signature",
    (2, 5): "enciphered PIN by card",
    (2, 4): "no CVM",
    (3, 8): "SDA",
    (3, 7): "DDA",
    (3, 6): "card capture",
    (3, 4): "CDA",
}
CRYPTOGRAM_REASONS = {1: "service not allowed", 2: "PIN try limit exceeded", 3: "issuer authentication failed"}
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
CVM_CONDITIONS = {
    0x00: "",  # always
    0x01: "if unattended cash",
    0x02: "if neither cash nor cashback",
    0x03: "",  # if the terminal supports it
    0x04: "if manual cash",
    0x05: "if purchase with cashback",
    0x06: "if under X",
    0x07: "if over X",
    0x08: "if under Y",
    0x09: "if over Y",
}
OPERATED_BY = {1: "of a bank", 2: "of a merchant", 3: "of a cardholder"}
TERMINAL_TYPES = {
    1: "attended, online only",
    2: "attended, offline with online capability",
    3: "attended, offline only",
    4: "unattended, online only",
    5: "unattended, offline with online capability",
    6: "unattended, offline only",
}
SCRIPT_RESULTS = {0: "not performed", 1: "failed", 2: "done"}
ALGORITHMS = {0x01: "3DES", 0x04: "SM4"}
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
    if not value:
        return ""
    words = [CRYPTOGRAMS.get(value[0] & 0xC0, "reserved")]
    if value[0] & 0x08:
        words.append("advice required")
    if reason := value[0] & 0x07:
        words.append(CRYPTOGRAM_REASONS.get(reason, "reason reserved"))
    return "; ".join(words)


def _cvm(value: bytes) -> str:
    if len(value) != 3:
        return "3 bytes expected"
    method = CVM.get(value[0] & 0x3F, "another method")
    none = value[0] & 0x3F == 0x3F  # none was chosen, so there is no condition
    condition = "" if none else CVM_CONDITIONS.get(value[1], "on another condition")
    after = "else the next method" if value[0] & 0x40 and not none else ""
    return ", ".join(filter(None, (method, condition, after, CVM_RESULTS.get(value[2], "result reserved"))))


def _terminal_type(value: bytes) -> str:
    if len(value) != 1:
        return "1 byte expected"
    by, kind = OPERATED_BY.get(value[0] >> 4), TERMINAL_TYPES.get(value[0] & 0x0F)
    return f"{kind}, {by}" if by and kind else "reserved"


def _issuer_data(value: bytes) -> str:
    """Return the parts of 9F10 as PBOC cards have them: key index, cryptogram version, CVR, algorithm."""
    if len(value) < 8 or value[0] != 7 or value[3] != 3:
        return ""
    algorithm = ALGORITHMS.get(value[7], f"algorithm {value[7]:02X}")
    return f"key {value[1]:02X}, cryptogram version {value[2]:02X}, CVR {value[3:7].hex().upper()}, {algorithm}"


def _issuer_authentication(value: bytes) -> str:
    if not 8 <= len(value) <= 16:
        return "8 to 16 bytes expected"
    code = value[8:10]
    shown = code.decode("ascii") if len(code) == 2 and code.isalnum() else ""
    return f"ARPC {value[:8].hex().upper()}{f', response code {shown}' if shown else ''}"


def _script_results(value: bytes) -> str:
    if not value or len(value) % 5:
        return "5 bytes for each script expected"
    words = []
    for at in range(0, len(value), 5):
        result, command = SCRIPT_RESULTS.get(value[at] >> 4, "result reserved"), value[at] & 0x0F
        which = f" at command {command}" if result == "failed" and command else ""
        words.append(f"script {value[at + 1 : at + 5].hex().upper()} {result}{which}")
    return "; ".join(words)


_READERS: Mapping[str, Callable[[bytes], str]] = {
    "82": _flags(AIP, 2),
    "91": _issuer_authentication,
    "95": _flags(TVR, 5),
    "9B": _flags(TSI, 2),
    "9F10": _issuer_data,
    "9F27": _cryptogram,
    "9F33": _flags(TERMINAL_CAPABILITIES, 3),
    "9F34": _cvm,
    "9F35": _terminal_type,
    "DF31": _script_results,
}
