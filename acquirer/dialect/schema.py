"""A JSON Schema of dialect files, for editors: names to complete, values to choose from, a word about each.

It describes a file that may extend another one: nothing but its name is required, and ``false`` takes away what a
parent says. What refers to something else in the file (elements, layouts, codes) only the loader can check.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from acquirer.dialect.field_table import LAYOUT_KINDS, SENSITIVITIES
from acquirer.dialect.terminal_profile import TerminalProfile
from acquirer.wire.coverage import COVERAGES

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
HEX = "^([0-9A-Fa-f]{2}|[ \n])*$"
DIGITS, LENGTHS = ("bcd", "ascii", "ebcdic"), ("bcd", "binary", "ascii", "ebcdic")
PAD = "^(left|right) [0-9A-F]{1,16}$"
PLACE = r"^[0-9]{1,3}(\.[0-9]{1,2})?( text)?( from .+\.[0-9]{1,2})?$"


def schema(services: Iterable[str] = (), reasons: Iterable[str] = ()) -> Schema:
    """The schema; `services` and `reasons` are those a host has."""
    answer = _table(
        "What a reply carries.",
        echo=_list("DEs echoed if the request had them.", {"type": "integer"}),
        make=_texts("Elements the host makes."),
    )
    when = _map("Elements and the values they must have.", _texts("One of these."))
    mti = _text("Four digits as sent the first time, like 0200.", pattern="^[0-9]{2}[02468][024]$")
    route = _table(
        "Which messages ask for a service, and what the answer carries.",
        title=_both("What people call it."),
        service=_text("What is asked for, where the table's own name does not say it.", choices=services),
        mti=mti,
        when=when,
        mandatory=_texts('Elements without which it is a format error; "pan or track2": one of them.'),
        mac=_text("Which of the two messages carry a MAC.", choices=("none", "request", "both")),
        reply=answer,
        refusal=answer,
        codes=_map("Reasons that have another code here than elsewhere.", _text("A code.")),
        served=_flag("false: the host knows it by name only."),
    )
    sections = {
        "dialect": _text("Its name."),
        "title": _both("What people call it."),
        "extends": _text("The dialect it extends: the name of one that ships, or a file, relative to this one."),
        "framing": _framing(),
        "envelope": _table(
            "What stands before the message.",
            tpdu=_text(
                "10 hexadecimal digits: 60, destination, source. A reply has the addresses swapped.", pattern=HEX
            ),
            head=_text("Bytes after the TPDU, in hexadecimal; echoed in replies.", pattern=HEX),
            processing_digit=_number("Which digit of the head (from 1) says what the terminal is to do; 0: none."),
        ),
        "encoding": _table(
            "How values become bytes; a field may say otherwise.",
            mti=_text("Of the MTI.", choices=DIGITS),
            bitmap=_text(
                "Of the bitmap; ascii and ebcdic: 16 hexadecimal characters.", choices=("binary", "ascii", "ebcdic")
            ),
            secondary=_flag("May bit 1 announce DE 65 to 128?"),
            length=_text("Of length indicators.", choices=LENGTHS),
            n=_text("Of digits: n, x+n, h.", choices=DIGITS),
            z=_text("Of tracks.", choices=DIGITS),
            text=_text("Of a, an, ans, as, ns, s.", choices=("ascii", "ebcdic")),
            b=_text("Of bytes; ascii and ebcdic: as hexadecimal characters.", choices=("binary", "ascii", "ebcdic")),
        ),
        "padding": _table(
            'What fills up an odd number of BCD digits: side, what is sent, what else is accepted, like "right 0F".',
            n_fixed=_text("Of digits of fixed size.", pattern=PAD),
            n_variable=_text("Of digits of variable size.", pattern=PAD),
            z=_text("Of tracks.", pattern=PAD),
        ),
        "fields": _map("Data elements by number.", _field(), keys="^([2-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$"),
        "elements": _map(
            'Names, and where they travel: "11" is DE 11, "60.2" the second part of its first layout, "62 text" a '
            "binary field that holds text.",
            _text("A place.", pattern=PLACE),
        ),
        "numbering": _table(
            "What tells the transactions of a terminal apart.",
            within=_text("The element within which STANs are unique: a batch, or the time of the sale."),
            original_stan=_text("The element by which a reversal names the STAN of its sale."),
            original_within=_text("The element by which a reversal names what that STAN is unique within."),
        ),
        "constants": _map("Elements that always have the same value.", _text("The value.")),
        "mtis": _map("Message types and their names.", _both("A name."), keys="^[0-9]{4}$"),
        "refusal": answer,
        "routes": _map("Messages that are served.", route),
        "unserved": _map(
            "Messages that are known by name only.", _table("", title=_both("A name."), mti=mti, when=when)
        ),
        "security": _security(),
        "reasons": _reasons(reasons),
        "codes": _map(
            "Response codes.",
            _table(
                "A response code.",
                **{
                    "class": _text(
                        "A success, B failed, may retry, C failed, D the operator must act, E system fault.",
                        choices="ABCDE",
                    )
                },
                meaning=_both("What it means."),
                shown=_both("What a terminal shows, if that differs."),
            ),
        ),
        "layouts": _map("How the inside of fields is divided.", _layout(when)),
        "tags": _map(
            "Tables of tags.",
            _map("Tags.", _table("A tag.", name=_both("Its name."), format=_text("b, n, an …"), show=_show())),
        ),
        "values": _map("What values mean.", _map("Values and their meanings.", _both("A meaning."))),
        "samples": _list(
            "Whole frames: documentation, tests and fuzz seeds.",
            _table(
                "A frame.",
                title=_text("What it is."),
                expect=_map("Elements (and mti) with the values they have in it.", _text("The value.")),
                hex=_text("The frame with its length, in hexadecimal.", pattern=HEX),
            ),
        ),
        "terminal": _terminal_profile(),
    }
    return {
        "$schema": DRAFT,
        "title": "A dialect of ISO 8583, for acquirer",
        "type": "object",
        "properties": sections,
        "required": ["dialect"],
        "additionalProperties": False,
    }


def _framing() -> Schema:
    return _table(
        "How frames are told apart: start, length, filler, frame, end.",
        length=_text(
            "How the length is written: binary2, binary4, bcd2, ascii4, hex4 …; none: frames have an end.",
            pattern="^((binary|bcd|ascii|hex|ebcdic)[1-8]|none)$",
        ),
        includes_itself=_flag("Does the length count its own bytes?"),
        limit_bytes=_number("The longest frame that is read."),
        start=_text("Bytes before the length, in hexadecimal, like 02.", pattern=HEX),
        filler=_text("Bytes between length and frame, in hexadecimal, like 0000.", pattern=HEX),
        end=_text("Bytes after the frame, in hexadecimal, like 03.", pattern=HEX),
        includes_end=_flag("Does the length count the end?"),
    )


def _field() -> Schema:
    return _table(
        "A data element.",
        format=_text(
            "Class and size, with .. for LLVAR and ... for LLLVAR: n6, n..19, ans...999, b8.",
            pattern=r"^(x\+n|ans|an|as|ns|a|n|s|b|z|h)\.{0,4}[1-9][0-9]{0,3}$",
        ),
        name=_both("Its name."),
        show=_show(),
        values=_text("The table of values that says what they mean."),
        layouts=_texts("How its inside is divided; the first one that fits the message is used."),
        encoding=_text("If it is not written like the others of its class.", choices=LENGTHS),
        length=_text("Of its length indicator, if that differs.", choices=LENGTHS),
        pad=_text('Of an odd number of BCD digits, if that differs: "right 0".', pattern=PAD),
    )


def _layout(when: Schema) -> Schema:
    part = _table(
        "A part.",
        size=_number("In characters; the last part may have none and takes the rest."),
        name=_both("Its name."),
        values=_text("The table of values that says what they mean."),
        show=_show(),
        fixed=_text("What it always holds, if it tells the form of a text."),
        counts=_flag("Does it count the characters that follow?"),
    )
    return _table(
        "The inside of a field.",
        title=_both("Its name."),
        kind=_text("How it is divided.", choices=LAYOUT_KINDS),
        mti=_texts("The messages it fits; none: all."),
        when=when,
        parts=_list("Parts, one after another.", part),
        tags=_text("The table of its tags."),
    )


def _security() -> Schema:
    package = _table(
        "The working keys a sign-on hands out.",
        selector=_texts("The value of element 'function' that asks for it."),
        cipher=_text("Of the working keys.", choices=("des", "3des", "sm4", "aes")),
        wrap=_text(
            "How they are wrapped under the terminal's master key.", choices=("3des", "sm4", "aes", "tr31-b", "tr31-d")
        ),
        keys=_texts('Name and bytes of each, like "pik 16".'),
        kcv_bytes=_number("Of the check value behind each key."),
        mak_form=_flag("May a single-length MAK stand in a double-length room?"),
        form=_text("Of the whole package: its bytes, or their hexadecimal text.", choices=("binary", "hex")),
    )
    return _table(
        "Algorithms, by the names the program knows them under.",
        mac=_text("Such as unionpay-ecb, x9.19."),
        mac_bytes=_number("Size of the MAC field."),
        coverage=_text("Which bytes are under the MAC.", choices=COVERAGES),
        track=_text("How tracks are encrypted; empty: never."),
        keys=_text("Where working keys come from: tmk, or derived for each message."),
        pin_block=_text("The one PIN block format, where no element chooses."),
        pin_blocks=_map("First digit of element 'security_control', and the format it means.", _text("A format.")),
        packages=_list("Key packages.", package),
    )


def _reasons(known: Iterable[str]) -> Schema:
    code = _text("The code that stands for it.")
    if names := list(known):
        return _table("The code for each reason a decision may have.", **dict.fromkeys(names, code))
    return _map("The code for each reason a decision may have.", code)


def _terminal_profile() -> Schema:
    """The ``[terminal]`` section, as the model that reads it describes itself; relaxed, because a child says little."""
    made = TypeAdapter(TerminalProfile).json_schema()
    definitions = made.pop("$defs", {})
    described = _relaxed(made, definitions)
    described["description"] = "How terminals of this dialect behave."
    return _or_false(described)


def _relaxed(one: Any, definitions: Schema) -> Any:
    """The same with references put in, nothing required, and tables that may be taken away."""
    if isinstance(one, list):
        return [_relaxed(item, definitions) for item in one]
    if not isinstance(one, dict):
        return one
    if reference := one.get("$ref"):
        return _or_false(_relaxed(definitions[reference.rpartition("/")[2]], definitions))
    kept = {key: value for key, value in one.items() if key not in ("required", "title", "default", "uniqueItems")}
    return {key: _relaxed(value, definitions) for key, value in kept.items()}


def _or_false(one: Schema) -> Schema:
    return {"anyOf": [one, {"const": False}]}


def _table(description: str, **keys: Schema) -> Schema:
    made: Schema = {"type": "object", "properties": keys, "additionalProperties": False}
    return _or_false({"description": description, **made} if description else made)


def _map(description: str, value: Schema, keys: str = "") -> Schema:
    """A table whose keys are data; each may be ``false``, which takes away what a parent says."""
    made: Schema = {"description": description, "type": "object"}
    one = value if "anyOf" in value else _or_false(value)
    made |= {"patternProperties": {keys: one}, "additionalProperties": False} if keys else {"additionalProperties": one}
    return _or_false(made)


def _list(description: str, value: Schema) -> Schema:
    return _or_false({"description": description, "type": "array", "items": value})


def _text(description: str, choices: Iterable[str] = (), pattern: str = "") -> Schema:
    made: Schema = {"description": description, "type": "string"}
    if names := [*choices]:
        made["enum"] = names
    return made | ({"pattern": pattern} if pattern else {})


def _number(description: str) -> Schema:
    return {"description": description, "type": "integer"}


def _flag(description: str) -> Schema:
    return {"description": description, "type": "boolean"}


def _texts(description: str) -> Schema:
    one = {"type": "string"}
    return {"description": description, "anyOf": [one, {"type": "array", "items": one}, {"const": False}]}


def _both(description: str) -> Schema:
    pair = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}
    return {"description": f'{description} "English", or ["English", "中文"].', "anyOf": [{"type": "string"}, pair]}


def _show() -> Schema:
    return _text("How its values are shown: pan is first 6 and last 4, the others never.", choices=SENSITIVITIES)
