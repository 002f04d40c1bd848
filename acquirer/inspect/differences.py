"""Two replies to one request, field by field: what one of them lacks, and where both have another value.

1. What every host makes anew (reference number, time, MAC, keys …) differs as it must: only its form is compared, how
   long it is and of which characters. Which elements those are depends on what the reply's route has the host make.
2. Fields that are divided are compared part by part, and tag by tag.
3. Values are shown as a person may see them, with what they mean.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from acquirer.data.toml import DataError, did_you_mean
from acquirer.dialect.definitions import Route
from acquirer.dialect.dialect import Dialect
from acquirer.inspect.explain import explain
from acquirer.inspect.explained_rows import ExplainedRow
from acquirer.inspect.field_difference import FieldDifference, form_of
from acquirer.wire.masking import hidden, readable
from acquirer.wire.message import Message, Value, as_bytes

DRAWN: Final = (
    "rrn", "auth_id", "time", "date", "sent", "settlement_date", "keys", "batch", "mac", "mac_secondary",
    "balance_sign", "balance_amount", "qr_voucher",
)  # fmt: skip
"""Elements that no two hosts give alike: numbers that they count, their clocks, keys they draw, what an account has."""

ISSUER_TAGS: Final = ("71", "72", "91")
"""Tags of chip data that only the issuer's keys can make. Source: EMV Book 2, 8.2; Book 3, A1."""

CHECK_VALUE: Final = "check value"
"""How the names of rows begin that may be seen of a package of working keys."""

ENVELOPE_NAMES: Final = {"tpdu": "TPDU", "head": "head", "mti": "message type"}


def compare_replies(
    dialect: Dialect, route: Route | None, first: Message, second: Message, ignored: Collection[str] = ()
) -> list[FieldDifference]:
    """Return all differences of two replies to one request, those of the envelope first.

    Args:
        route: of the request; None: no route fits it.
        ignored: paths of fields that may differ, see `ignored_paths`.
    """
    found = list(_envelope(dialect, first, second))
    differing = [de for de in sorted({*first.fields, *second.fields}) if first.fields.get(de) != second.fields.get(de)]
    anew = _drawn_elements(dialect, route, first)
    keys = dialect.elements.get("keys")
    keys_de = keys.de if keys is not None and is_within(str(keys.de), anew) else 0
    explained: list[int] = []
    for de in differing:
        one, other = first.fields.get(de), second.fields.get(de)
        if one is not None and other is not None and str(de) in anew and de != keys_de:
            shown = readable(one), readable(other)
            found.append(_by_form(str(de), dialect.fields[de].name.en, one, other, shown))
        else:
            explained.append(de)
    if explained:
        found += _explained(dialect, (first, second), explained, anew, keys_de)
    return sorted((_unless_ignored(one, ignored) for one in found), key=_order)


def ignored_paths(dialect: Dialect, words: Iterable[str]) -> frozenset[str]:
    """Return the paths of fields that are named by number (``44``, ``de.60.2``, ``55.91``) or as elements (``rrn``).

    Raises:
        DataError: one is no field of the dialect; the sentence names ``--ignore``.
    """
    paths: set[str] = set()
    for word in words:
        name = word.strip().lower().removeprefix("de.").removeprefix("de")
        number = name.split(".")[0]
        if name in dialect.elements:
            paths |= _paths_of(dialect, name)
        elif name in ENVELOPE_NAMES:
            paths.add(name)
        elif number.isascii() and number.isdecimal() and int(number) in dialect.fields:
            paths.add(".".join([str(int(number)), *name.upper().split(".")[1:]]))
        else:
            known = (*dialect.elements, *ENVELOPE_NAMES)
            problem = f"'{word}' is no field of {dialect.name}{did_you_mean(name, known)}; write 44, 60.2 or rrn"
            raise DataError("--ignore", 0, "", problem)
    return frozenset(paths)


def is_within(path: str, wanted: Collection[str]) -> bool:
    """Return whether a path is one of those wanted, or lies within one.

    >>> is_within("55.91", {"55"}), is_within("55", {"5"})
    (True, False)
    """
    return any(path == one or path.startswith(f"{one}.") for one in wanted)


def _unless_ignored(one: FieldDifference, ignored: Collection[str]) -> FieldDifference:
    if not one.counts or not is_within(one.path, ignored):
        return one
    return FieldDifference(one.path, one.name, one.first, one.second, counts=False, why="not looked at, as was asked")


def _order(one: FieldDifference) -> tuple[int, int]:
    number = one.path.split(".")[0]
    return (1, int(number)) if number.isdecimal() else (0, 0)


def _envelope(dialect: Dialect, first: Message, second: Message) -> Iterator[FieldDifference]:
    ends = zip(dialect.envelope_of(first.raw), dialect.envelope_of(second.raw), strict=True)
    for key, (one, other) in zip(("tpdu", "head"), ends, strict=True):
        if one != other:
            yield FieldDifference(key, ENVELOPE_NAMES[key], one.hex().upper(), other.hex().upper())
    if first.mti != second.mti:
        yield FieldDifference("mti", ENVELOPE_NAMES["mti"], first.mti, second.mti)


def _drawn_elements(dialect: Dialect, route: Route | None, message: Message) -> frozenset[str]:
    """Return the paths of what a host makes anew in replies of a route."""
    answers = (dialect.refusal,) if route is None else (route.reply, route.refusal)
    elements = {element for answer in answers for element in answer.make}
    paths = [_paths_of(dialect, name) for name in DRAWN if name in elements]
    mac = dialect.mac_de(message.fields)
    icc = dialect.elements.get("icc")
    tags = () if icc is None else (f"{icc.de}.{tag}" for tag in ISSUER_TAGS)
    return frozenset([*(path for some in paths for path in some), *([str(mac)] if mac else []), *tags])


def _paths_of(dialect: Dialect, element: str) -> frozenset[str]:
    """Return the paths at which an element may stand."""
    at = dialect.elements[element]
    if at.whole:
        return frozenset([str(at.de)])
    layouts = dialect.fields[at.de].layouts
    places = [
        number
        for layout in layouts
        for number, part in enumerate(layout.parts, 1)
        if (part.start, part.stop) == (at.start, at.stop)
    ]
    return frozenset(f"{at.de}.{number}" for number in places)


def _explained(
    dialect: Dialect, messages: tuple[Message, Message], des: Collection[int], anew: frozenset[str], keys_de: int
) -> Iterator[FieldDifference]:
    """Yield the differences of fields that are looked into: by what stands in them, and shown masked."""
    raw = [_rows(explain(dialect, message, unsafe_show=True).fields, des) for message in messages]
    shown = [_rows(explain(dialect, message).fields, des) for message in messages]
    for de in des:
        field = str(de)
        paths = list(dict.fromkeys(path for rows in raw for path in rows if path.split(".")[0] == field))
        leaves = [path for path in paths if path != field]
        there = [field in rows for rows in raw]
        if not all(there):
            leaves = [field]
        differing = [path for path in leaves if _value(raw[0], path) != _value(raw[1], path)] or [field]
        for path in differing:
            name = (raw[0].get(path) or raw[1][path]).name.en
            values = [
                _shown(rows, path, de == keys_de) if path in of else None for rows, of in zip(shown, raw, strict=True)
            ]
            one, other = values
            if one is not None and other is not None and is_within(path, anew):
                first, second = (_raw(rows[path]) for rows in raw)
                if de == keys_de:  # in hexadecimal text, whose digits may be letters or not
                    first, second = as_bytes(first), as_bytes(second)
                yield _by_form(path, name, first, second, (one, other))
            else:
                yield FieldDifference(path, name, one, other)


def _rows(rows: Iterable[ExplainedRow], des: Collection[int]) -> dict[str, ExplainedRow]:
    found: dict[str, ExplainedRow] = {}
    for row in rows:
        if int(row.key) in des:
            found[row.key] = row
            found.update(_leaves(row, row.key))
    return found


def _leaves(row: ExplainedRow, parent: str) -> Iterator[tuple[str, ExplainedRow]]:
    numbers: dict[str, int] = {}
    for inner in row.within:
        key = inner.key if inner.key.startswith(f"{parent}.") else f"{parent}.{inner.key}"
        numbers[key] = numbers.get(key, 0) + 1
        path = key if numbers[key] == 1 else f"{key} ({numbers[key]})"
        if inner.within:
            yield from _leaves(inner, path)
        else:
            yield path, inner


def _value(rows: Mapping[str, ExplainedRow], path: str) -> str | None:
    return rows[path].value if path in rows else None


def _shown(rows: Mapping[str, ExplainedRow], path: str, is_keys: bool) -> str:
    """Return a value as it may be seen, with what it means; of what is hidden whole, that it is hidden."""
    row = rows.get(path)
    if row is None:
        return "(hidden)"
    if is_keys and not row.name.en.startswith(CHECK_VALUE):  # what is compared is kept in journals, where keys are not
        return hidden(_raw(row))
    value = row.value if row.value == row.value.strip() else f"'{row.value}'"  # blanks at its ends may be all there is
    return f"{value} ({row.meaning.en})" if row.meaning.en else value


def _raw(row: ExplainedRow) -> Value:
    return bytes.fromhex(row.value) if row.binary else row.value


def _by_form(path: str, name: str, first: Value, second: Value, shown: tuple[str, str]) -> FieldDifference:
    """Return a difference that must be, unless the forms differ too."""
    form, other = form_of(first), form_of(second)
    counts = form != other
    forms = f"and the forms differ: {form}, {other}" if counts else f"in the same form ({form})"
    return FieldDifference(path, name, *shown, counts, f"made anew by each host, {forms}")
