"""Forms of private elements that differ from one source of a dialect to another (``[forms]``), where a place is not
enough: an order of instalments, a payment code and its voucher number; and (``[downloads]``) what terminals download.

Source: Q/CUP 009, usages of DE 62 and tags of DE 59, as terminals of the field send them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from acquirer.data.table import Table

InstalmentForm = Literal["whole", "short", "counted"]
"""An order of instalments: 62 characters; the first 32 of them; three digits that count the 62, and these."""

ExpiryForm = Literal["text", "bcd"]
"""DF05 of a CA public key in eight characters, as in captures, or in four bytes, as in the lists of terminal makers."""

ContactlessForm = Literal["text", "binary"]
"""Contactless parameters with tags of six characters, or with BER tags."""

SHORT: Final = 32


@dataclass(frozen=True, slots=True)
class Tagged:
    """How a value stands among others of an element: behind a tag and a length of so many digits; "": alone."""

    tag: str = ""
    length_digits: int = 0

    def write(self, value: str) -> str:
        """Return the value with what stands before it.

        >>> Tagged("A4", 3).write("12345"), Tagged().write("12345")
        ('A400512345', '12345')
        """
        return f"{self.tag}{len(value):0{self.length_digits}}{value}" if self.tag else value

    def read(self, text: str) -> str:
        """Return the value of an element, which may have others before it; "" when it is not there, or not whole.

        >>> Tagged("A4", 3).read("A2002xyA400512345"), Tagged("A4", 3).read("A400912345"), Tagged().read("12345 ")
        ('12345', '', '12345')
        """
        if not self.tag:
            return text.strip()
        size = len(self.tag)
        while len(text) >= size + self.length_digits:
            length = text[size : size + self.length_digits]
            if not (length.isascii() and length.isdecimal()):
                return ""
            value = text[size + self.length_digits :][: int(length)]
            if text.startswith(self.tag):
                return value if len(value) == int(length) else ""
            text = text[size + self.length_digits + int(length) :]
        return ""


@dataclass(frozen=True, slots=True)
class PrivateForms:
    """The forms of one dialect."""

    instalments: InstalmentForm = "whole"  # what our terminal sends; a host reads all
    qr_code: Tagged = Tagged()
    qr_voucher: Tagged = Tagged()

    def order_of_instalments(self, text: str) -> str:
        """Return an order of instalments as a terminal of this dialect sends it.

        >>> len(PrivateForms("short").order_of_instalments("12" + " " * 60))
        32
        """
        if self.instalments == "short":
            return text[:SHORT]
        return f"{len(text):03}{text}" if self.instalments == "counted" else text


def read_forms(table: Table) -> PrivateForms:
    """Return ``[forms]``. Raises DataError."""
    forms = PrivateForms(
        instalments=cast("InstalmentForm", table.choice("instalments", get_args(InstalmentForm), "whole")),
        qr_code=_tagged(table, "qr_code"),
        qr_voucher=_tagged(table, "qr_voucher"),
    )
    table.end()
    return forms


def _tagged(table: Table, key: str) -> Tagged:
    text = table.text(key, "")
    if not text:
        return Tagged()
    if not (found := re.fullmatch(r"([0-9A-Za-z]{1,4}) ([1-4])", text)):
        problem = f'{text!r} is no tag and length; write a tag and how many digits its length has, like "A4 3", or ""'
        raise table.error(key, problem)
    return Tagged(found[1], int(found[2]))


@dataclass(frozen=True, slots=True)
class DownloadForms:
    """How what terminals download travels, where makes differ."""

    expiry: ExpiryForm = "text"
    contactless: ContactlessForm = "text"
    page: int = 10  # entries of a list in one message; 0: all


def read_download_forms(table: Table) -> DownloadForms:
    """Return ``[downloads]``: how what terminals download travels."""
    forms = DownloadForms(
        expiry=cast("ExpiryForm", table.choice("expiry", get_args(ExpiryForm), "text")),
        contactless=cast("ContactlessForm", table.choice("contactless", get_args(ContactlessForm), "text")),
        page=table.number("page", DownloadForms().page, least=0),
    )
    table.end()
    return forms
