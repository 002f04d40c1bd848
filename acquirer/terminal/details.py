"""What a kind of sale carries beside amount and card: instalments, goods, data of the holder, a reservation, a code.

A detail has a name, says what it is, and is checked before anything is sent; together they make one element of the
request. Source: Q/CUP 009, usages of DE 62 and tag A3 of DE 59; where sources differ, the dialect's forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from acquirer.data.toml import did_you_mean
from acquirer.dialect.private_forms import PrivateForms
from acquirer.terminal.kind import Kind
from acquirer.terminal.order import OrderError
from acquirer.wire.message import Value


@dataclass(frozen=True, slots=True)
class Detail:
    """One detail of a kind."""

    name: str
    form: str  # a regular expression for the whole of it
    help: str  # what it is, and how it is written
    default: str | None = None  # None: it must be given
    secret: bool = False  # of a person, or as good as money: never shown


@dataclass(frozen=True, slots=True)
class KindDetails:
    """The details of a kind, and the element that is made of them."""

    element: str
    details: tuple[Detail, ...]
    text: Callable[[Mapping[str, str], PrivateForms], str]


def _instalments(given: Mapping[str, str], forms: PrivateForms) -> str:
    return forms.order_of_instalments(f"{int(given['periods']):02}{given['project']:<30}1{given['fee']}{'':28}")


def _holder(given: Mapping[str, str], _forms: PrivateForms) -> str:
    """Return the items that are given; lengths count bytes of GBK."""
    text = "92"
    for tag, name in (("CV", "cvn2"), ("SF", "id"), ("TX", "mobile"), ("NM", "name")):
        value = given[name].encode("gbk").decode("latin-1")
        text += f"{tag}{len(value):03}{value}" if value else ""
    return "" if text == "92" else text


_HOLDER: Final = KindDetails(
    "holder",
    (
        Detail("cvn2", "([0-9]{3})?", "the CVN2, three digits: sent, and never kept", "", secret=True),
        Detail("id", "([0-9A-Za-z]{6})?", "the last six characters of the identity document", "", secret=True),
        Detail("mobile", "([0-9]{11})?", "the mobile number, eleven digits", "", secret=True),
        Detail("name", ".{0,20}", "the cardholder's name", "", secret=True),
    ),
    _holder,
)

DETAILS: Final[Mapping[str, KindDetails]] = {
    "instalment_sale": KindDetails(
        "instalments",
        (
            Detail("periods", "[1-9][0-9]?", "how many instalments: 3, 6, 12 …"),
            Detail("project", "[0-9A-Za-z]{1,30}", "the bank's code of the offer"),
            Detail("fee", "[01]", "0: the whole fee at once, 1: with each instalment", "1"),
        ),
        _instalments,
    ),
    "points_sale": KindDetails(
        "points",
        (Detail("goods", "[0-9A-Za-z]{1,30}", "the code of the goods"),),
        lambda given, _: f"{given['goods']:<30}",
    ),
    "moto_sale": _HOLDER,
    "moto_pre_auth": _HOLDER,
    "cardholder_verification": _HOLDER,
    "reservation_sale": KindDetails(
        "reservation",
        (
            Detail("mobile", "[0-9]{11}", "the mobile number, eleven digits", secret=True),
            Detail("number", "[0-9]{6}", "of the reservation, six digits"),
        ),
        lambda given, _: f"90{given['mobile']}{given['number']}".ljust(22),
    ),
    "qr_sale": KindDetails(
        "qr_code",
        (Detail("code", "62[0-9]{17}", "the payment code, nineteen digits that begin with 62", secret=True),),
        lambda given, forms: forms.qr_code.write(given["code"]),
    ),
}
"""By service."""

SECRET: Final = frozenset(one.name for known in DETAILS.values() for one in known.details if one.secret)
"""Names of details whose values are never shown."""


def elements_of(kind: Kind, given: Mapping[str, str], forms: PrivateForms) -> dict[str, Value]:
    """Return the element that the details of a kind make.

    Raises:
        OrderError: one is missing, is none of this kind, or has another form. None is quoted: some are secret.
    """
    known = DETAILS.get(kind.service)
    names = [one.name for one in known.details] if known else []
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names) or f"; there are {', '.join(names) or 'none'}"
            raise OrderError(f"{kind.not_done}: the {kind.noun} has no detail '{name}'{hint}")
    if known is None:
        return {}
    values: dict[str, str] = {}
    for one in known.details:
        value = given.get(one.name, one.default)
        if value is None:
            raise OrderError(f"{kind.not_done}: the {kind.noun} needs its detail '{one.name}': {one.help}")
        if not re.fullmatch(one.form, value):
            raise OrderError(f"{kind.not_done}: the detail '{one.name}' has another form: {one.help}")
        values[one.name] = value
    text = known.text(values, forms)
    return {known.element: text} if text else {}
