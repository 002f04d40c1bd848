"""Fields taken over from another program's description, and the dialect file that is written from them.

What such a description does not say (framing, messages, codes, keys) is left out or marked: the file reads messages at
once, and is served once it extends a dialect that has services.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from acquirer.data.toml_text import toml_value
from acquirer.wire.notation import length_limit

SHOW = {2: "pan", 14: "secret", 34: "pan", 35: "track", 36: "track", 45: "track", 52: "pin"}
"""What must not be shown, by number: no description says it, and all of them agree on these."""

USUAL_ELEMENTS = {
    2: "pan", 3: "processing_code", 4: "amount", 11: "stan", 12: "time", 13: "date", 14: "expiry",
    15: "settlement_date", 22: "entry_mode", 23: "card_sequence", 25: "condition", 26: "pin_capture", 32: "acquirer",
    35: "track2", 36: "track3", 37: "rrn", 38: "auth_id", 39: "code", 41: "tid", 42: "mid", 44: "additional",
    49: "currency", 52: "pin_block", 53: "security_control", 54: "balance", 55: "icc", 64: "mac", 70: "function",
    128: "mac_secondary",
}  # fmt: skip
"""The usual names of what stands in the usual places (ISO 8583:1987)."""

ORIGIN = {"03": "4", "06": "4", "08": "4"}
"""Who begins a message of 1993, its last digit, where that is usually not the acquirer: 1804."""

LATER_ELEMENTS = {12: "time", 13: "", 24: "function", 25: "reversal_reason", 26: "business", 70: ""}
"""Where 1993 has other things than 1987; "": nothing of ours."""

MTIS = {
    "01": "authorisation", "02": "financial transaction", "03": "file action", "04": "reversal", "05": "reconciliation",
    "06": "administration", "08": "network management",
}  # fmt: skip
FUNCTIONS = {"00": "", "10": " reply", "20": " advice", "30": " advice reply"}


@dataclass(frozen=True, slots=True)
class ImportedField:
    """One data element as another program describes it."""

    de: int
    name: str
    kind: str  # a class of our notation
    digits: int  # of its length indicator; 0: fixed
    size: int
    encoding: str
    length: str = ""  # how its length indicator is written; "" for fixed ones
    pad: str = ""  # of BCD: "left 0" or "right 0"
    parts: tuple[tuple[str, int], ...] = ()  # name and size, if its inside is divided by position
    ber: bool = False  # its inside is BER-TLV

    @property
    def format(self) -> str:
        return f"{self.kind}{'.' * self.digits}{self.size}"

    @property
    def group(self) -> str:
        """The key of ``[encoding]`` that speaks of its class."""
        if self.kind == "b":
            return "b_variable" if self.digits else "b"
        return {"n": "n", "x+n": "n", "h": "n", "z": "z"}.get(self.kind, "text")


@dataclass(slots=True)
class Imported:
    """What a description says. Not frozen: it is filled while it is read."""

    source: str
    title: str = ""
    mti: str = "ascii"
    bitmap: str = "ascii"
    secondary: bool = True
    charset: str = ""  # of text, where it is not the usual one
    fields: list[ImportedField] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what could not be taken over, one sentence each

    @property
    def version(self) -> str:
        """The edition of the standard: "1993" has action codes of three digits, "2003" of four."""
        fields = {one.de: one for one in self.fields}
        if (code := fields.get(39)) and not code.digits and code.size == 4:
            return "2003"
        code, entry_mode = fields.get(39), fields.get(22)
        later = (code and not code.digits and code.size == 3) or (entry_mode and entry_mode.size == 12)
        return "1993" if later else "1987"

    @property
    def parent(self) -> str:
        """The dialect that ships and is nearest: of the same edition, and written alike."""
        edition = "1987" if self.version == "1987" else "1993"
        if self.mti == "ebcdic":
            return f"iso8583-{edition}-ebcdic"
        if self.mti == "bcd":
            return "iso8583-1993-bcd" if edition == "1993" else "iso8583-1987-binary"
        return f"iso8583-{edition}-ascii"


def write(name: str, read: Imported, extends: str = "", binary: Collection[int] = ()) -> str:
    """Return the text of a dialect file; adds notes to `read` about sizes that cannot be.

    Args:
        extends: the dialect that it is to be laid over; "": it stands alone, and reads messages.
        binary: fields in which that dialect has bytes of a known meaning: where they are text here, they are taken for
            the hexadecimal digits of these bytes.
    """
    read.secondary = read.secondary or any(one.de > 64 for one in read.fields)
    read.fields = [_bounded(_as_bytes(one, binary, extends, read.notes), read.notes) for one in read.fields]
    return "\n".join(_lines(name, read, extends)) + "\n"


def _as_bytes(one: ImportedField, binary: Collection[int], extends: str, notes: list[str]) -> ImportedField:
    """Return the same, or hexadecimal text where it is text and the dialect below has bytes that mean something."""
    if one.de not in binary or one.group != "text" or one.size < 2:
        return one
    notes.append(f"DE {one.de} is text, and bytes in {extends}: it is taken for their hexadecimal digits.")
    return replace(one, kind="b", size=one.size // 2, parts=())


def _bounded(one: ImportedField, notes: list[str]) -> ImportedField:
    """Return the same, no larger than its length indicator can tell."""
    limit = length_limit(one.digits, one.length) if one.digits else one.size
    if one.kind == "b" and one.encoding != "binary" and one.digits:
        limit //= 2  # two characters for each byte
    if one.size <= limit:
        return one
    notes.append(f"DE {one.de} may have {one.size} characters, and its length tells up to {limit}: {limit} it is.")
    return replace(one, size=limit)


def _plain(text: str) -> str:
    """Return a text that stays within a comment: characters that are not printable become blanks."""
    return "".join(character if character.isprintable() else " " for character in text)


def _lines(name: str, read: Imported, extends: str) -> Iterator[str]:
    usual = _usual(read.fields)
    binary = read.mti != "ascii"
    yield f"# Made from {_plain(read.source)} by 'acquirer dialect import'."
    yield f"# It reads messages: acquirer decode --dialect {name}.toml …"
    if extends:
        yield f"# It extends {_plain(extends)}: what stands there and not here holds, messages, elements and codes."
    else:
        yield "# For a host that serves it, import it with a dialect that has services below it:"
        yield f"#     acquirer dialect import … --extends {read.parent}"
        if read.version == "2003":
            yield "# That one is of 1993, whose codes have three digits: routes and codes of 2003 are yours to write."
    yield from (f"# {_plain(note)}" for note in read.notes)
    yield ""
    yield f"dialect = {toml_value(name)}"
    yield f"title   = {toml_value(read.title or name)}"
    if extends:
        yield f"extends = {toml_value(extends)}"
    yield ""
    if not extends:
        yield "[framing]  # a matter of the channel, of which the description says nothing: see docs/framings.md"
        yield f'length = "{"binary2" if binary else "ascii4"}"'
        if not binary:
            yield "limit_bytes = 8192"
        yield ""
    yield "[encoding]"
    yield f"mti        = {toml_value(read.mti)}"
    yield f"bitmap     = {toml_value(read.bitmap)}"
    yield f"secondary  = {'true' if read.secondary else 'false'}"
    yield from (f"{key:10} = {toml_value(value)}" for key, value in usual.items())
    if read.charset:
        yield f"charset    = {toml_value(read.charset)}"
    yield ""
    yield "[fields]"
    for one in read.fields:
        yield f"{one.de:3} = {{ {', '.join(_field(one, usual))} }}"
    if not extends:
        yield from _names(read)
    for one in read.fields:
        yield from _layout(one)


def _names(read: Imported) -> Iterator[str]:
    """Yield where elements travel and what message types are called, by the edition's usual places."""
    later = read.version != "1987"
    usual = {**USUAL_ELEMENTS, **LATER_ELEMENTS} if later else USUAL_ELEMENTS
    yield ""
    yield f"[elements]  # by their usual places of {read.version}"
    for one in read.fields:
        if (element := usual.get(one.de)) and (not element.startswith("mac") or one.format == "b8"):
            yield f'{element} = "{one.de}"'
    yield ""
    yield "[mtis]"
    for kind, title in MTIS.items():
        for function, more in FUNCTIONS.items():
            mti = (
                f"{read.version[0] if read.version == '2003' else 1}{kind[1]}{function[0]}{ORIGIN.get(kind, '0')}"
                if later
                else kind + function
            )
            yield f"{mti} = {toml_value(title + more)}"


def _usual(fields: Iterable[ImportedField]) -> dict[str, str]:
    """Return what ``[encoding]`` should say, so that few fields must say otherwise."""
    found: dict[str, Counter[str]] = {
        "length": Counter(),
        "n": Counter(),
        "z": Counter(),
        "text": Counter(),
        "b": Counter(),
        "b_variable": Counter(),
    }
    for one in fields:
        found[one.group][one.encoding] += 1
        if one.length:
            found["length"][one.length] += 1
    return {key: counted.most_common(1)[0][0] for key, counted in found.items() if counted}


def _field(one: ImportedField, usual: dict[str, str]) -> Iterator[str]:
    yield f"format = {toml_value(one.format)}"
    yield f"name = {toml_value(one.name or f'DE {one.de}')}"
    if show := SHOW.get(one.de):
        yield f"show = {toml_value(show)}"
    if one.encoding != usual[one.group]:
        yield f"encoding = {toml_value(one.encoding)}"
    if one.length and one.length != usual["length"]:
        yield f"length = {toml_value(one.length)}"
    if one.pad and one.encoding == "bcd" and (one.digits or one.size % 2):
        yield f"pad = {toml_value(one.pad)}"
    if one.parts or one.ber:
        yield f'layouts = ["de_{one.de}"]'


def _layout(one: ImportedField) -> Iterator[str]:
    if not (one.parts or one.ber):
        return
    yield ""
    yield f"[layouts.de_{one.de}]"
    yield f"title = {toml_value(one.name or f'DE {one.de}')}"
    if one.ber:
        yield 'kind = "ber-tlv"'
        return
    yield "parts = ["
    yield from (f"    {{ size = {size}, name = {toml_value(name)} }}," for name, size in one.parts)
    yield "]"
