"""The meaning of a value, in words: response codes, tables of the dialect, amounts, times and dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acquirer.data.currencies import currency_decimals
from acquirer.dialect.dialect import Dialect
from acquirer.wire.card_numbers import passes_luhn
from acquirer.wire.grammar import Locator, Text
from acquirer.wire.message import Value

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

NOTHING = Text("")


class Meanings:
    """The meanings of the values of one message."""

    def __init__(self, dialect: Dialect, mti: str, fields: Mapping[int, Value]) -> None:
        self._dialect = dialect
        self._fields = fields
        self._reply = bool(mti) and dialect.is_response(mti)
        self._elements: dict[Locator, list[str]] = {}
        for name, at in dialect.elements.items():
            self._elements.setdefault(Locator(at.de, at.start, at.stop), []).append(name)

    def of(self, at: Locator, value: str, table: str) -> Text:
        """Return the meaning of what stands at `at`; `table` names the dialect's table of its values, if it has one."""
        names = self._elements.get(at, [])
        if "code" in names and self._reply:
            code = self._dialect.codes.get(value)
            return Text(code.meaning.en, code.shown.zh or code.meaning.zh) if code else Text("not in the code table")
        if "reversal_reason" in names and not self._reply:
            return Text(self._reversal_reason(value))
        if table:
            return self._dialect.values[table].get(value) or NOTHING
        for name in names:
            if name in _WORDS and value.isascii() and value.isdigit():
                return Text(_WORDS[name](value))
            if name == "amount" and value.isascii() and value.isdigit():
                return Text(self._amount(value))
        return NOTHING

    def minor_units(self, de: int, value: Value) -> int | None:
        """Return the amount in minor units if this DE is the amount, for machines."""
        is_amount = "amount" in self._elements.get(Locator(de), ())
        return int(value) if is_amount and isinstance(value, str) and value.isascii() and value.isdigit() else None

    def _reversal_reason(self, value: str) -> str:
        profile = self._dialect.terminal_profile
        if not profile:
            return ""
        undoing = profile.reversal
        reasons = {
            undoing.malformed: "the answer could not be used",
            undoing.no_answer: "no answer came",
            undoing.mac_differs: "the MAC of the answer differed",
        }
        return reasons.get(value, "")

    def _amount(self, digits: str) -> str:
        at = self._dialect.elements.get("currency")
        if at is None:
            return format_amount(digits)
        value = self._fields.get(at.de)
        number = value if isinstance(value, str) else self._dialect.constants.get("currency", "")
        name = self._dialect.values.get(self._dialect.fields[at.de].values, {}).get(number, NOTHING)
        return f"{format_amount(digits, number)} {name.en}".rstrip()


def format_amount(digits: str, currency: str = "") -> str:
    """Return an amount in minor units as people write it; `currency` is its ISO 4217 number.

    >>> format_amount("000000001234", "156"), format_amount("000000001234", "392"), format_amount("5")
    ('12.34', '1234', '0.05')
    """
    places = currency_decimals(currency)
    digits = str(int(digits)).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _date(digits: str) -> str:
    """Return MMDD as day and month, with the year of two or four digits that stands before it."""
    year, month, day = digits[:-4], int(digits[-4:-2]), int(digits[-2:])
    if len(digits) not in (4, 6, 8) or not (1 <= month <= 12 and 1 <= day <= 31):
        return "no date"
    return f"{day} {MONTHS[month - 1]} {'20' * (len(year) == 2)}{year}".rstrip()


def _time(digits: str) -> str:
    """Return hhmmss as a time, with the date that stands before it, if one does.

    >>> _time("143000"), _time("1120143000"), _time("261120143000")
    ('14:30:00', '20 Nov 14:30:00', '20 Nov 2026 14:30:00')
    """
    date, (hour, minute, second) = digits[:-6], (digits[-6:-4], digits[-4:-2], digits[-2:])
    if len(digits) < 6 or not (hour < "24" and minute < "60" and second < "60"):
        return "no time"
    return f"{_date(date)} {hour}:{minute}:{second}" if date else f"{hour}:{minute}:{second}"


def _expiry(digits: str) -> str:
    month = int(digits[2:])
    return f"end of {MONTHS[month - 1]} 20{digits[:2]}" if 1 <= month <= 12 else "no month"


def _card_number(digits: str) -> str:
    return "" if passes_luhn(digits) else "check digit wrong"


_WORDS: Mapping[str, Callable[[str], str]] = {
    "date": _date,
    "settlement_date": _date,
    "original_date": _date,
    "time": _time,
    "sent": _time,
    "original_sent": _time,
    "original_time": _time,
    "expiry": _expiry,
    "pan": _card_number,
}
"""Elements whose values read better as people write them (amounts, which need their currency, aside)."""
