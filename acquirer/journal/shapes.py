"""Shapes of exchanges: how the fields of each are masked, and which form its row has.

Exchanges have one shape that are in one dialect and whose request and reply have the same message types and fields.
What can be known of a shape is looked up once; real traffic has a few dozen of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from acquirer.dialect.dialect import Dialect
from acquirer.dialect.vocabulary import IDENTIFIERS
from acquirer.journal.entry import RECORD
from acquirer.journal.mask import Shower, showers, shown_alike, shows_text
from acquirer.journal.packed import ANSWERED, VALUE_RECORD, Form, PackedExchange
from acquirer.journal.usual_rows import UsualRow, row_source, usual_row
from acquirer.wire.masking import hidden, readable
from acquirer.wire.message import Value

KEPT: Final = 256
"""Shapes, and forms of each, that are remembered: any peer may send any bitmap."""

USUAL_AFTER: Final = 4
"""Exchanges of a shape and outcome before a function for their rows is compiled, which takes a millisecond: peers
choose bitmaps, and a random one must not be worth it."""

AGAIN_AFTER: Final = 1_000
"""And so many after one that another function was compiled for than it should have been: fields repeat other values
than they did in the first exchange."""

ShapeKey = tuple[Dialect, str, tuple[int, ...], str, tuple[int, ...] | None]
"""Dialect; MTI and DEs of the request; MTI and DEs of the reply, None when nothing was answered."""

RECORD_NAMES: Final = (*[column.name for column in RECORD.columns], "failure")
"""What stands before the fields in the values of an exchange."""

_Getter = Callable[[Sequence[Any]], tuple[Any, ...]]

_PLACE: Final = {name: place for place, name in enumerate(RECORD_NAMES)}
_OPTIONAL: Final = (*VALUE_RECORD, "failure")
_OUTCOME: Final = ("service", "code", "reason")

_outcome: Final = itemgetter(*[_PLACE[name] for name in _OUTCOME])
_optional: Final = itemgetter(*[_PLACE[name] for name in VALUE_RECORD])  # of facts, which have their failure elsewhere


class RowForm(NamedTuple):
    """A form, and what returns those of an exchange's values that its row holds."""

    form: Form
    kept: _Getter


class ExchangeShape:
    """One shape of exchanges."""

    __slots__ = ("_equal", "_form_key", "_forms", "_key", "_last_usual", "_masking", "_names", "_showers", "_usual")

    def __init__(self, key: ShapeKey) -> None:
        dialect, mti, request, reply_mti, reply = self._key = key
        self._names = [*RECORD_NAMES, *[f"request.{de}" for de in request], *[f"reply.{de}" for de in reply or ()]]
        self._showers = [*_showers(dialect, mti, request), *_showers(dialect, reply_mti, reply or ())]
        self._masking = [(place, show) for place, show in enumerate(self._showers) if show is not readable]
        self._equal = _equal_names(dialect, request, reply or ())
        self._form_key = _form_key(self._names, self._equal)
        self._forms: dict[tuple[Any, ...], RowForm] = {}
        self._usual: dict[tuple[Any, ...], int | UsualRow] = {}  # or how many exchanges there were
        self._last_usual: UsualRow = _not_usual

    def usual(self, facts: Sequence[Any]) -> PackedExchange | None:
        """Return the row of an exchange that was decoded, if it is a usual one."""
        try:
            return self._last_usual(facts) or self._look_up(facts)
        except TypeError:  # bytes where text should be
            return None

    def _look_up(self, facts: Sequence[Any]) -> PackedExchange | None:
        """Return the same by the function for this outcome; it is compiled once there were enough of them."""
        key = (_outcome(facts), bytes(map(bool, _optional(facts))))
        known = self._usual.get(key, 0)
        if isinstance(known, int):
            if known >= USUAL_AFTER:
                known = self._compile(*key, facts)
            elif len(self._usual) >= KEPT:
                self._usual.clear()
            self._usual[key] = known + 1 if isinstance(known, int) else known
            return None
        self._last_usual = known
        row = known(facts)
        if row is None:
            self._usual[key] = USUAL_AFTER - AGAIN_AFTER
        return row

    def shown(self, fields: Sequence[Value]) -> list[Any]:
        """Return the fields of request and reply as they may be shown; an unknown DE shows its length only."""
        values: list[Any] = list(fields)
        for place, show in self._masking:
            values[place] = show(values[place])
        if not _is_readable(values):
            return [show(value) for show, value in zip(self._showers, fields, strict=True)]
        return values

    def row_form(self, values: Sequence[Any]) -> RowForm:
        """Return the form for the values of an exchange: `RECORD_NAMES`, then the fields of request and reply."""
        key = self._form_key(values)
        return self._forms.get(key) or self._add_form(key)

    def row_source(
        self, form: Form, values: Mapping[str, str], names: dict[str, Any], present: Collection[str] = ()
    ) -> list[str]:
        """Return Python source that makes the rows of a form: see `usual_rows.row_source`."""
        fields = self._names[len(RECORD_NAMES) :]
        shown_by = dict(zip(fields, self._showers, strict=True))
        return row_source(form, values, shown_by, self._equal, self._binary(fields), names, present)

    def _binary(self, names: Iterable[str]) -> list[str]:
        specs = self._key[0].fields
        return [name for name in names if (spec := specs.get(int(name.rpartition(".")[2]))) and spec.kind == "b"]

    def _compile(self, outcome: tuple[Any, ...], there: bytes, facts: Sequence[Any]) -> UsualRow:
        """Return the function for an outcome, the optional values that are there, and fields that repeat others."""
        names = self._names[len(RECORD_NAMES) :]
        shown_by = dict(zip(names, self._showers, strict=True))
        *record, request, _, reply = facts
        values = dict(zip(names, [*request.values(), *(reply or {}).values()], strict=True))
        values |= zip(RECORD_NAMES, record, strict=False)
        repeats = [
            values[name] == values[source]
            and (shown_alike(shown_by[name], shown_by[source]) if source in shown_by else shows_text(shown_by[name]))
            for name, source in self._equal.items()
        ]
        form = self._add_form((*outcome, *[not one for one in there], True, *repeats)).form  # without a failure
        return usual_row(form, RECORD_NAMES[:-1], shown_by, self._equal, self._binary(names))

    def _add_form(self, key: tuple[Any, ...]) -> RowForm:
        (service, code, reason), facts = key[: len(_OUTCOME)], key[len(_OUTCOME) :]
        absent, same = facts[: len(_OPTIONAL)], facts[len(_OPTIONAL) :]
        dialect, mti, _, reply_mti, reply = self._key
        repeated = {name: source for (name, source), equal in zip(self._equal.items(), same, strict=True) if equal}
        there = [name for name, lacks in zip(_OPTIONAL, absent, strict=True) if not lacks]
        there += self._names[len(RECORD_NAMES) :]
        names = [f"{name}={repeated[name]}" if name in repeated else name for name in there]
        if reply is not None and not reply:
            names.append(ANSWERED)
        form = Form(dialect.name, mti, service, code, str(reason), reply_mti, " ".join(names))
        if len(self._forms) >= KEPT:
            self._forms.clear()
        known = self._forms[key] = RowForm(form, _getter(self._names, [name for name in there if name not in repeated]))
        return known


def _not_usual(_facts: Sequence[Any]) -> None:
    """Return None: nothing is known of usual exchanges of this shape, or there are none."""


_shapes: dict[ShapeKey, ExchangeShape] = {}


def shape_of(key: ShapeKey) -> ExchangeShape:
    """Return a shape."""
    found = _shapes.get(key)
    if found is None:
        if len(_shapes) >= KEPT:
            _shapes.clear()
        found = _shapes[key] = ExchangeShape(key)
    return found


def _showers(dialect: Dialect, mti: str, des: Sequence[int]) -> list[Shower]:
    known = showers(dialect, mti)
    return [known.get(de, hidden) for de in des]


def _equal_names(dialect: Dialect, request: Sequence[int], reply: Sequence[int]) -> dict[str, str]:
    """Return names of fields that mostly repeat a value, and of which: what identifies, and what a reply echoes."""
    places = {name: dialect.elements[name] for name in IDENTIFIERS if name in dialect.elements and name in _PLACE}
    identified: dict[int, str] = {place.de: name for name, place in places.items() if place.whole}
    equal = {f"request.{de}": identified[de] for de in request if de in identified}
    for de in reply:
        if source := identified.get(de, f"request.{de}" if de in request else ""):
            equal[f"reply.{de}"] = source
    return equal


def _form_key(names: Sequence[str], equal: Mapping[str, str]) -> _Getter:
    """Return what takes from values that have these names all that their form depends on, compiled from source.

    That is their outcome, then which optional ones are absent, then which of `equal` repeat the value of their source.
    """
    places = {name: f"values[{place}]" for place, name in enumerate(names)}
    parts = [places[name] for name in _OUTCOME]
    parts += [f"not {places[name]}" for name in _OPTIONAL]
    parts += [f"{places[name]} == {places[source]}" for name, source in equal.items()]
    key_of: _Getter = eval(f"lambda values: ({', '.join(parts)},)")  # noqa: S307  source of our own names
    return key_of


def _getter(names: Sequence[str], wanted: Iterable[str]) -> _Getter:
    """Return what takes the wanted ones of values that have these names."""
    places = [names.index(name) for name in wanted]
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])


def _is_readable(values: Sequence[Any]) -> bool:
    try:
        text = "".join(values)
    except TypeError:  # bytes among them
        return False
    return text.isascii() and text.isprintable()
