"""The forms in which bytes are written in text, in the order in which they are tried, and what they leave out."""

from __future__ import annotations

from collections.abc import Callable

from acquirer.inspect import (
    encoded,
    mixed_lists,
    number_columns,
    number_dumps,
    number_lists,
    printed,
    records,
    rows,
    text_forms,
)
from acquirer.inspect.dumps import is_hex_dump, read_dumps, read_word_dumps

TEXT_FORMS: dict[str, Callable[[str], printed.Found]] = {
    "text": text_forms.text_itself,
    "lines of text": text_forms.lines,
    "text in other text": text_forms.messages_in_text,
    "words in other text": text_forms.words_in_text,
    "text broken into lines": text_forms.joined_lines,
}
"""Forms in which the characters are the message."""

DUMP_FORMS: dict[str, Callable[[str], printed.Found]] = {
    "octal dump": number_dumps.octal_dumps,
    "dump of bits": number_dumps.bit_dumps,
    "dump of characters": number_dumps.character_dumps,
    "dump of names": number_dumps.name_dumps,
    "hex dump": read_dumps,
    "hex dump of words with the lowest byte first": read_word_dumps,
    "hex dump of words with the lowest byte first, with characters": number_dumps.little_endian_dumps,
    "decimal dump": number_dumps.decimal_dumps,
}
"""Lines with offsets."""

RECORD_FORMS: dict[str, Callable[[str], printed.Found]] = {
    "Intel HEX": records.intel_records,
    "S-records": records.motorola_records,
}
"""Lines with lengths, addresses and checksums."""

CAPTURE_FORMS: dict[str, Callable[[str], printed.Found]] = {
    **TEXT_FORMS,
    **RECORD_FORMS,
    **DUMP_FORMS,
    "list of numbers": number_lists.number_lists,
    "text with escapes": printed.literals,
    "text with escapes, in pieces": printed.joined_literals,
    "text in quotes": printed.long_quotation,
    "text with escapes, without quotes": printed.escaped_text,
    "text with marked bytes behind other text": printed.marked_text,
    "text with percent signs": printed.percent_text,
    "values of a form": printed.form_values,
    "text with names of control characters": printed.named_controls,
    "text with <hex>": printed.angle_text,
    "text with carets": printed.caret_text,
    "text with control pictures": printed.control_pictures,
    "text with entities": printed.entity_text,
    "page": printed.page_text,
    "quoted-printable": printed.quoted_printable,
    "lines of quoted-printable": printed.quoted_printable_lines,
    "lines of hex": text_forms.hex_lines,
    "hex": text_forms.hex_paragraphs,
    "hex in text": text_forms.hex_runs,
    "lines of hex in text": text_forms.joined_hex_runs,
    "lines of base64": encoded.base64_lines,
    "base64": encoded.base64_paragraphs,
    "base64 in text": encoded.base64_runs,
    "block of base64 in text": encoded.base64_blocks,
    "bits": number_columns.bits,
    "columns of octal numbers": number_columns.octal_columns,
    "columns of decimal numbers": number_columns.decimal_columns,
    "columns of decimal numbers, filled up": number_columns.filled_decimal_columns,
    "columns of words with the lowest byte first": number_columns.word_columns,
    "columns of words with the lowest byte first, filled up": number_columns.filled_word_columns,
    "columns of characters": number_columns.character_columns,
    "columns of names": number_columns.name_columns,
    "hex with its characters": rows.rows_with_characters,
    "hex in pairs of lines": rows.vertical_hex,
    "hex dump at an address": rows.addressed_dumps,
    "list of numbers and characters": mixed_lists.mixed_lists,
    "list of hex numbers": mixed_lists.hex_lists,
    "digits of hex with blanks between": mixed_lists.spread_digits,
    "text with escapes, zeros by themselves": printed.other_escapes("alone"),
    "text with escapes, octal behind a zero": printed.other_escapes("octal"),
    "text with decimal escapes": printed.other_escapes("decimal"),
    "uuencode": encoded.uuencoded,
    "base32": encoded.base32_paragraphs,
    "base32 in text": encoded.base32_runs,
    "Ascii85": encoded.ascii85,
    "base85": encoded.base85,
    "Z85": encoded.z85,
}
"""How bytes are written in text, the most specific form first."""

_FULL_STOPS = "prints a full stop for each byte that is no character"
LOSSY = (
    (r"(?s)\A(?!.*0x0000:).*Flags \[[A-Z.]{1,9}\], seq ", f"tcpdump -A {_FULL_STOPS}: use tcpdump -X, or -w FILE"),
    ("Follow: tcp,ascii", f"this view {_FULL_STOPS}: follow the stream as raw"),
)
"""Texts that leave bytes out, by what tells them."""

_SEVEN_BITS = ("od -a leaves out the highest bit of each byte: write the dump with od -t x1",)
NOTES = {"dump of names": _SEVEN_BITS, "columns of names": _SEVEN_BITS}
"""What a form leaves out."""


def forms_of(text: str) -> dict[str, Callable[[str], printed.Found]]:
    """Return the forms that a text may have; in one that is dumps or records from end to end, other finds are luck."""
    if records.are_records(text):
        return RECORD_FORMS
    if is_hex_dump(text) or number_dumps.is_number_dump(text):
        return DUMP_FORMS
    if number_columns.are_bits(text):
        return {"bits": number_columns.bits, **CAPTURE_FORMS}
    if printed.has_soft_ends(text):
        return {"quoted-printable": printed.quoted_printable, **CAPTURE_FORMS}
    return CAPTURE_FORMS
