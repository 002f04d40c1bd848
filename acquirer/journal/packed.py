"""An exchange as it is kept: one narrow row, and a form that it shares with others.

1. A form says what many exchanges have in common: dialect, message types, service, code, reason, and the names of the
   values that a row holds. A store keeps each form once; there are some hundred.
2. A row holds the values themselves, one after the other as text between separators. What is empty is left out.
3. What stands in one exchange twice is kept once: ``reply.11=stan`` in a form says that DE 11 of the reply equals the
   record's STAN, and a row has no value for it.

So a row is made with few steps and takes little room, and columns, JSON and filters are the reader's. As names say what
stands where, a field added to `ExchangeRecord` changes no row that exists. Reading needs neither dialects nor messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from acquirer.data.text import plural
from acquirer.journal.entry import COLUMNS, NUMBERS, Entry

SEPARATOR: Final = "\x1f"
"""Between values: the unit separator of ASCII, which no readable text holds."""

FORM_RECORD: Final = ("mti", "service", "code", "reason", "reply_mti")
"""Fields of an `ExchangeRecord` that the form says."""

ROW_RECORD: Final = ("at_us", "tid")
"""Those that stand in columns of their own."""

VALUE_RECORD: Final = tuple([name for name in COLUMNS if name not in ("dialect", *FORM_RECORD, *ROW_RECORD)])
"""Those whose values stand among the others."""

ANSWERED: Final = "reply="
"""In place of the values of a reply, when it has no field."""


class Form(NamedTuple):
    """What exchanges of one kind have in common."""

    dialect: str
    mti: str
    service: str
    code: str
    reason: str
    reply_mti: str
    names: str
    """Of the values, in order, with a blank between: ``stan``, ``request.60``, ``reply.39``; ``reply.41=tid`` has none
    of its own."""


PackedExchange = tuple[int, str, Form, str]
"""One exchange, masked, without its number: when it came, its terminal, its form, and its values. No class, because
many of them are made and sent to another process."""

NumberedExchange = tuple[int, PackedExchange]
"""An exchange after its number in the journal; 0 where it is not journalled."""

Unpack = Callable[[int, int, str, str, "str | None"], Entry]
"""Returns the entry of number, time, tid, values, and what became of the reply, None where it was sent."""


def unpacker(form: Form) -> Unpack:
    """Return what reads the rows of a form.

    The function raises ValueError for values that do not fit the form.
    """
    places = [name.partition("=") for name in form.names.split() if name != ANSWERED]
    given = [name for name, equals, _ in places if not equals]
    same = [(name, source) for name, equals, source in places if equals]
    request, reply = (
        [(name.removeprefix(prefix), name) for name, _, _ in places if name.startswith(prefix)]
        for prefix in ("request.", "reply.")
    )
    answered = bool(reply) or form.names.endswith(ANSWERED)
    common = {name: getattr(form, name) for name in ("dialect", *FORM_RECORD)}
    texts = [name for name in given if name in VALUE_RECORD and name not in _CONVERTED]
    converted = [(name, _CONVERTED[name]) for name in given if name in _CONVERTED]

    def unpack(number: int, at_us: int, tid: str, data: str, delivery: str | None) -> Entry:
        parts = data.split(SEPARATOR) if data or given else []
        if len(parts) != len(given):
            raise ValueError(f"it has {plural(len(parts), 'value')}, its form {len(given)}")
        values = dict(zip(given, parts, strict=True))
        values["tid"], values["code"] = tid, form.code
        for name, source in same:
            values[name] = values.get(source, "")  # what is empty has no value
        known: dict[str, Any] = {name: values[name] for name in texts}
        for name, convert in converted:
            known[name] = convert(values[name])
        failure, _, before_failure = values.get("failure", "").partition("\n")
        return Entry(
            at_us,
            tid=tid,
            id=number,
            request={de: values[name] for de, name in request},
            reply={de: values[name] for de, name in reply} if answered else None,
            failure=failure,
            before_failure=before_failure,
            delivery=delivery or ("sent" if answered else ""),
            **common,
            **known,
        )

    return unpack


_CONVERTED: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(NUMBERS - {"at_us"}, int),
    "replayed": lambda text: text == "1",
    "notes": lambda text: tuple(text.split("\n")),
}
