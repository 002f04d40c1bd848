"""Notes about a dialect: what stands in its file and has no effect, or has no name.

Nothing here keeps a host from starting: a message is never answered differently because of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from acquirer.data.text import plural
from acquirer.data.toml import DataError, KeyPath, did_you_mean
from acquirer.dialect.clock import CLOCK
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.message_checks import HOST_VALUES
from acquirer.dialect.vocabulary import ELEMENTS
from acquirer.wire.grammar import Layout

REPLY_ELEMENTS = frozenset({*HOST_VALUES, *CLOCK, "code", "download", "icc", "keys", "mac", "mac_secondary", "pan"})
"""What a host can put into a reply beside constants."""


def note_samples(dialect: Dialect) -> Iterator[DataError]:
    """Yield the samples of the dialect it extends that it has no message for."""
    for sentence in dialect.inherited.left_out:
        yield dialect.error(("extends",), sentence)


def note_routes(dialect: Dialect) -> Iterator[DataError]:
    """Yield optional messages that it cannot have, messages without a name, and routes that are never reached."""
    yield from dialect.left_out
    seen: dict[object, str] = {}
    for route in dialect.routes:
        if route.mti not in dialect.mtis:
            yield dialect.error((*route.path, "mti"), f"{route.mti} has no name in [mtis]")
        elif route.served and (reply := dialect.response_mti(route.mti)) not in dialect.mtis:
            yield dialect.error((*route.path, "mti"), f"{reply}, its reply, has no name in [mtis]")
        conditions = (route.mti, tuple(sorted(route.when.items())))
        if first := seen.get(conditions):
            yield dialect.error(route.path, f"never reached: '{first}' has the same conditions")
        seen.setdefault(conditions, route.service)


def note_replies(dialect: Dialect) -> Iterator[DataError]:
    """Yield elements that replies are to carry, and that neither a host nor a constant has a value for."""
    for route in dialect.routes:
        for key, answer in (("reply", route.reply), ("refusal", route.refusal)):
            for element in answer.make if route.served else ():
                if element not in REPLY_ELEMENTS and element not in dialect.constants:
                    problem = f"left out of every reply: no host makes '{element}', and it has no value in [constants]"
                    yield dialect.error((*route.path, key, "make"), problem)


def note_elements(dialect: Dialect) -> Iterator[DataError]:
    """Yield elements that nothing reads, and that are spelt almost like a known one; other names are free."""
    used = {dialect.numbering.within, dialect.numbering.original_stan, dialect.numbering.original_within}
    used |= set(dialect.constants)
    for answer in (dialect.refusal, *(answer for route in dialect.routes for answer in (route.reply, route.refusal))):
        used |= set(answer.make)
    for route in dialect.routes:
        used |= {name for entry in route.mandatory for name in entry.split(" or ")} | set(route.when)
    for layout in dialect.layouts.values():
        used |= set(layout.when)
    for name in dialect.elements:
        if name not in ELEMENTS and name not in used and (hint := did_you_mean(name, ELEMENTS)):
            yield dialect.error(("elements", name), f"nothing reads this element{hint}")


def note_layouts(dialect: Dialect) -> Iterator[DataError]:
    """Yield layouts that no field uses, that are longer than it, or that are never reached or chosen by order alone."""
    used = {layout.name for field in dialect.fields.values() for layout in field.layouts} | {"tpdu", "head"}
    for name in dialect.layouts:
        if name not in used:
            yield dialect.error(("layouts", name), "no field uses this layout")
    for field in dialect.fields.values():
        path: KeyPath = ("fields", str(field.de), "layouts")
        for layout in field.layouts:
            last = max((part.stop or part.start for part in layout.parts), default=0)
            if last > field.maximum:
                characters = plural(last, "character")
                problem = f"layout '{layout.name}' has {characters}, and DE {field.de} has format {field.format}"
                yield dialect.error(path, problem)
        for first, second in combinations(field.layouts, 2):
            if _within(second, first):
                problem = f"'{second.name}' is never reached: '{first.name}' fits each message that it fits"
                yield dialect.error(path, problem)
            elif _meet(first, second) and not _within(first, second):
                problem = (
                    f"'{first.name}' and '{second.name}' fit the same messages; make one the special case of the other"
                )
                yield dialect.error(path, problem)


def _within(inner: Layout, outer: Layout) -> bool:
    """Return whether every message that `inner` fits is one that `outer` fits."""
    mtis = not outer.mti or (bool(inner.mti) and set(inner.mti) <= set(outer.mti))
    return mtis and all(
        name in inner.when and set(inner.when[name]) <= set(values) for name, values in outer.when.items()
    )


def _meet(one: Layout, other: Layout) -> bool:
    """Return whether a message can fit both."""
    mtis = not one.mti or not other.mti or bool(set(one.mti) & set(other.mti))
    return mtis and all(set(values) & set(other.when.get(name, values)) for name, values in one.when.items())


def note_values(dialect: Dialect) -> Iterator[DataError]:
    """Yield tables of meanings that nothing uses, and values that their part can never hold."""
    used = {field.values for field in dialect.fields.values()}
    for layout in dialect.layouts.values():
        for part in layout.parts:
            used.add(part.values)
            size = part.stop - part.start if part.stop is not None else 0
            for value in dialect.values.get(part.values, ()):
                if size and len(value) != size:
                    path: KeyPath = ("values", part.values, value)
                    problem = f"never met: '{part.name.en}' of layout '{layout.name}' has {plural(size, 'character')}"
                    yield dialect.error(path, problem)
    for name in dialect.values:
        if name not in used:
            yield dialect.error(("values", name), "no field and no layout uses these")
