"""A JSON Schema of dialect files, for editors: names to complete, values to choose from, a word about each.

It describes a file that may extend another one: nothing but its name is required, and ``false`` takes away what a
parent says. What refers to something else in the file (elements, layouts, codes) only the loader can check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from acquirer.dialect.field_table import LAYOUT_KINDS
from acquirer.dialect.json_schema import (
    Schema,
    array,
    both_languages,
    flag,
    mapping,
    number,
    show,
    table,
    text,
    texts,
)
from acquirer.dialect.private_forms import ContactlessForm, ExpiryForm, InstalmentForm
from acquirer.dialect.terminal_profile import TerminalProfile
from acquirer.wire.charsets import EBCDIC_CODE_PAGES, TEXT_CHARSETS
from acquirer.wire.coverage import COVERAGES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
HEX = "^([0-9A-Fa-f]{2}|[ \n])*$"
DIGITS, LENGTHS = ("bcd", "ascii", "ebcdic"), ("bcd", "binary", "ascii", "ebcdic")
PAD = "^(left|right) [0-9A-F]{1,16}$"
PLACE = r"^[0-9]{1,3}(\.[0-9]{1,2})?( text)?( from .+\.[0-9]{1,2})?$"


def schema(services: Iterable[str] = (), reasons: Iterable[str] = ()) -> Schema:
    """The schema; `services` and `reasons` are those a host has."""
    answer = table(
        "What a reply carries.",
        echo=array("DEs echoed if the request had them.", {"type": "integer"}),
        make=texts("Elements the host makes."),
    )
    when = mapping("Elements and the values they must have.", texts("One of these."))
    mti = text("Four digits as sent the first time, like 0200.", pattern="^[0-9]{2}[02468][024]$")
    route = table(
        "Which messages ask for a service, and what the answer carries.",
        title=both_languages("What people call it."),
        service=text("What is asked for, where the table's own name does not say it.", choices=services),
        mti=mti,
        when=when,
        mandatory=texts('Elements without which it is a format error; "pan or track2": one of them.'),
        also=texts("Elements that our own terminal sends too, where it has them, and that no host insists on."),
        supplied_by_others=texts("Mandatory elements that other terminals supply; ours cannot send this message."),
        mac=text(
            "Which of the two messages carry a MAC; accepted: the reply if the request does.",
            choices=("none", "request", "both", "accepted"),
        ),
        reply=answer,
        refusal=answer,
        codes=mapping("Reasons that have another code here than elsewhere.", text("A code.")),
        served=flag("false: the host knows it by name only."),
        optional=flag("true: a dialect that extends this one and cannot have this message has it not."),
    )
    sections = {
        "dialect": text("Its name."),
        "title": both_languages("What people call it."),
        "extends": text("The dialect it extends: the name of one that ships, or a file, relative to this one."),
        "framing": _framing(),
        "envelope": table(
            "What stands before the message.",
            tpdu=text(
                "10 hexadecimal digits: 60, destination, source. A reply has the addresses swapped.", pattern=HEX
            ),
            head=text("Bytes after the TPDU, in hexadecimal; echoed in replies.", pattern=HEX),
            processing_digit=number("Which digit of the head (from 1) says what the terminal is to do; 0: none."),
        ),
        "encoding": table(
            "How values become bytes; a field may say otherwise.",
            mti=text("Of the MTI.", choices=DIGITS),
            bitmap=text(
                "Of the bitmap; ascii and ebcdic: 16 hexadecimal characters.", choices=("binary", "ascii", "ebcdic")
            ),
            secondary=flag("May bit 1 announce DE 65 to 128?"),
            length=text("Of length indicators.", choices=LENGTHS),
            n=text("Of digits: n, x+n, h.", choices=DIGITS),
            z=text("Of tracks.", choices=DIGITS),
            text=text("Of a, an, ans, as, ns, s.", choices=("ascii", "ebcdic")),
            b=text("Of bytes; ascii and ebcdic: as hexadecimal characters.", choices=("binary", "ascii", "ebcdic")),
            b_variable=text(
                "Of bytes behind a length, where it is not that of b; hexadecimal characters are counted singly.",
                choices=("binary", "ascii", "ebcdic"),
            ),
            charset=text("How text reads; of EBCDIC its code page.", choices=(*TEXT_CHARSETS, *EBCDIC_CODE_PAGES)),
        ),
        "padding": table(
            'What fills up an odd number of BCD digits: side, what is sent, what else is accepted, like "right 0F".',
            n_fixed=text("Of digits of fixed size.", pattern=PAD),
            n_variable=text("Of digits of variable size.", pattern=PAD),
            z=text("Of tracks.", pattern=PAD),
        ),
        "fields": mapping("Data elements by number.", _field(), keys="^([2-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$"),
        "elements": mapping(
            'Names, and where they travel: "11" is DE 11, "60.2" the second part of its first layout, "62 text" a '
            "binary field that holds text.",
            text("A place.", pattern=PLACE),
        ),
        "numbering": table(
            "What tells the transactions of a terminal apart.",
            within=text("The element within which STANs are unique: a batch, or the time of the sale."),
            original_stan=text("The element by which a reversal names the STAN of its sale."),
            original_within=text("The element by which a reversal names what that STAN is unique within."),
        ),
        "forms": table(
            "Forms of private elements, where sources differ.",
            instalments=text(
                "What our terminal sends: 62 characters, the first 32, or with three digits that count them.",
                choices=get_args(InstalmentForm),
            ),
            qr_code=text('Tag and digits of length before a payment code, like "A3 3"; "": it stands alone.'),
            qr_voucher=text("The same of the voucher number of its sale."),
        ),
        "downloads": table(
            "How what terminals download travels, where makes differ.",
            expiry=text("Of CA public keys: eight characters, or four bytes.", choices=get_args(ExpiryForm)),
            contactless=text(
                "Of contactless parameters: tags of six characters, or BER.", choices=get_args(ContactlessForm)
            ),
            page=number("Entries of a list in one message; 0: all."),
        ),
        "constants": mapping("Elements that always have the same value.", text("The value.")),
        "mtis": mapping("Message types and their names.", both_languages("A name."), keys="^[0-9]{4}$"),
        "refusal": answer,
        "routes": mapping("Messages that are served.", route),
        "unserved": mapping(
            "Messages that are known by name only.", table("", title=both_languages("A name."), mti=mti, when=when)
        ),
        "security": _security(),
        "reasons": _reasons(reasons),
        "codes": mapping(
            "Response codes.",
            table(
                "A response code.",
                **{
                    "class": text(
                        "A success, B failed, may retry, C failed, D the operator must act, E system fault.",
                        choices="ABCDE",
                    )
                },
                meaning=both_languages("What it means."),
                shown=both_languages("What a terminal shows, if that differs."),
            ),
        ),
        "layouts": mapping("How the inside of fields is divided.", _layout(when)),
        "tags": mapping(
            "Tables of tags.",
            mapping("Tags.", table("A tag.", name=both_languages("Its name."), format=text("b, n, an …"), show=show())),
        ),
        "values": mapping("What values mean.", mapping("Values and their meanings.", both_languages("A meaning."))),
        "samples": array(
            "Whole frames: documentation, tests and fuzz seeds.",
            table(
                "A frame.",
                title=text("What it is."),
                expect=mapping("Elements (and mti) with the values they have in it.", text("The value.")),
                hex=text("The frame with its length, in hexadecimal.", pattern=HEX),
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
    return table(
        "How frames are delimited: start, length, filler, frame, end.",
        length=text(
            "How the length is written: binary2, binary4, bcd2, ascii4, hex4 …; none: frames have an end.",
            pattern="^((binary|bcd|ascii|hex|ebcdic)[1-8]|none)$",
        ),
        includes_itself=flag("Does the length count its own bytes?"),
        limit_bytes=number("The longest frame that is read."),
        start=text("Bytes before the length, in hexadecimal, like 02.", pattern=HEX),
        filler=text("Bytes between length and frame, in hexadecimal, like 0000.", pattern=HEX),
        end=text("Bytes after the frame, in hexadecimal, like 03.", pattern=HEX),
        includes_end=flag("Does the length count the end?"),
    )


def _field() -> Schema:
    return table(
        "A data element.",
        format=text(
            "Class and size, with .. for LLVAR and ... for LLLVAR: n6, n..19, ans...999, b8.",
            pattern=r"^(x\+n|ans|an|as|ns|a|n|s|b|z|h)\.{0,6}[1-9][0-9]{0,3}$",
        ),
        name=both_languages("Its name."),
        show=show(),
        values=text("The table of values that says what they mean."),
        layouts=texts("How its inside is divided; the first one that fits the message is used."),
        encoding=text("If it is not written like the others of its class.", choices=LENGTHS),
        length=text("Of its length indicator, if that differs.", choices=LENGTHS),
        pad=text('Of an odd number of BCD digits, if that differs: "right 0".', pattern=PAD),
    )


def _layout(when: Schema) -> Schema:
    part = table(
        "A part.",
        size=number("In characters; the last part may have none and takes the rest."),
        name=both_languages("Its name."),
        values=text("The table of values that says what they mean."),
        show=show(),
        fixed=text("What it always holds, if it tells the form of a text."),
        counts=flag("Does it count the characters that follow?"),
    )
    return table(
        "The inside of a field.",
        title=both_languages("Its name."),
        kind=text("How it is divided.", choices=LAYOUT_KINDS),
        mti=texts("The messages it fits; none: all."),
        when=when,
        parts=array("Parts, one after another.", part),
        tags=text("The table of its tags."),
    )


def _security() -> Schema:
    package = table(
        "The working keys a sign-on hands out.",
        selector=texts("The value of element 'function' that asks for it."),
        cipher=text("Of the working keys.", choices=("des", "3des", "sm4", "aes")),
        wrap=text(
            "How they are wrapped under the terminal's master key.", choices=("3des", "sm4", "aes", "tr31-b", "tr31-d")
        ),
        keys=texts('Name and bytes of each, like "pik 16".'),
        kcv_bytes=number("Of the check value behind each key."),
        mak_form=flag("May a single-length MAK stand in a double-length room?"),
        form=text("Of the whole package: its bytes, or their hexadecimal text.", choices=("binary", "hex")),
    )
    return table(
        "Algorithms, by the names the program knows them under.",
        mac=text("Such as unionpay-ecb, x9.19."),
        mac_bytes=number("Size of the MAC field."),
        coverage=text("Which bytes are under the MAC.", choices=COVERAGES),
        track=text("How tracks are encrypted; empty: never."),
        keys=text("Where working keys come from: tmk, or derived for each message."),
        pin_block=text("The one PIN block format, where no element chooses."),
        pin_blocks=mapping("First digit of element 'security_control', and the format it means.", text("A format.")),
        packages=array("Key packages.", package),
    )


def _reasons(known: Iterable[str]) -> Schema:
    code = text("The code that stands for it.")
    if names := list(known):
        return table("The code for each reason a decision may have.", **dict.fromkeys(names, code))
    return mapping("The code for each reason a decision may have.", code)


def _terminal_profile() -> Schema:
    """Return the ``[terminal]`` section, as the dataclasses that it is read into describe it."""
    return {"description": "How terminals of this dialect behave.", **_of_type(TerminalProfile)}


def _of_type(hint: Any) -> Schema:
    """Return the schema of a type that a key of ``[terminal]`` is read into."""
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return table("", **{one.name: _of_type(hints[one.name]) for one in fields(hint)})
    origin, inner = get_origin(hint), [one for one in get_args(hint) if one is not NoneType]
    if origin is Literal:
        return {"type": "string", "enum": inner}
    if origin is Mapping:
        return mapping("", _of_type(inner[1]))
    if origin is UnionType:
        return _of_type(inner[0]) if len(inner) == 1 else {"anyOf": [_of_type(one) for one in inner]}
    if origin is tuple and inner[-1] is not Ellipsis:
        return {"type": "array", "prefixItems": [_of_type(one) for one in inner], "minItems": len(inner)}
    if origin in (tuple, frozenset):
        listed: Schema = {"type": "array", "items": _of_type(inner[0])}
        return listed if inner[0] is int else {"anyOf": [_of_type(inner[0]), listed]}
    return {"type": "integer" if hint is int else "string"}
