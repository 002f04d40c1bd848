"""Rows of usual exchanges, made from their facts in one go: for each form a function, generated as Python source.

1. What it returns equals what `render.pack` makes of the same facts (held by a property test). It is made of the same
   form, and masks fields by the same functions.
2. What a form says twice is compared, and neither masked nor written again.
3. It returns None for an exchange that is not as its form expects it, or holds what has to be looked at closer: control
   characters, other scripts, digits that may be a card's. `render.pack` decides about those.
4. The source is made of numbers and names of our own; nothing from a message gets into it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from acquirer.journal.entry import NUMBERS
from acquirer.journal.mask import Shower, shows_other_text, shows_short_text, shows_text
from acquirer.journal.packed import SEPARATOR, VALUE_RECORD, Form, PackedExchange
from acquirer.model.evidence import ExchangeRecord
from acquirer.model.text import text_masks
from acquirer.wire.card_numbers import PAN_DIGITS, may_hold_card_numbers

UsualRow = Callable[[Sequence[Any]], PackedExchange | None]
"""Takes the facts of an exchange (`render.Facts`); returns its row, or None: then `render.pack` makes it."""


def usual_row(
    form: Form, record: Sequence[str], showers: Mapping[str, Shower], equal: Mapping[str, str], binary: Collection[str]
) -> UsualRow:
    """Return the function for a form.

    Args:
        form: says which fields repeat a value.
        record: names of the fields of an `ExchangeRecord`, in the order of facts.
        showers: what masks each field of request and reply, by its name in the form, in the order of facts.
        equal: fields that may repeat a value, and the names of what they repeat.
        binary: fields that hold bytes.
    """
    variables = {name: name.replace(".", "_") for name in (*record, *showers)}
    names: dict[str, Any] = {}
    lines = [
        f"[{', '.join([*record, 'request', '_', 'reply'])}] = facts",
        *[
            f"[{', '.join([variables[one] for one in showers if one.startswith(f'{side}.')])}] = {values}"
            for side, values in _SIDES
        ],
        *row_source(form, variables, showers, equal, binary, names),
        "return row",
    ]
    source = "\n    ".join(["def usual(facts):", *lines])
    exec(compile(source, "<generated row>", "exec"), names)  # noqa: S102  made of our own names
    usual: UsualRow = names["usual"]
    return usual


def row_source(
    form: Form,
    values: Mapping[str, str],
    showers: Mapping[str, Shower],
    equal: Mapping[str, str],
    binary: Collection[str],
    names: dict[str, Any],
    present: Collection[str] = (),
) -> list[str]:
    """Return Python source that makes ``row`` where the values are at hand; None where the exchange is no usual one.

    Args:
        values: an expression for each name, of a record or in a form; two that are alike have one value.
        names: what the source uses is added to it.
        present: names of a record whose values are there in every exchange.
    """
    kept = [name for name in form.names.split() if "=" not in name]
    repeated = {name: source for name, source in equal.items() if name not in kept}
    usual = [f"{values[name]} == {getattr(form, name)!r}" for name in ("service", "code", "reason")]
    usual += [
        values[name] if name in kept else f"not {values[name]}"
        for name in VALUE_RECORD
        if name != "amount_minor" and not (name in kept and name in present)
    ]
    usual.append(f"({values['amount_minor']} is None) == {'amount_minor' not in kept}")
    usual += [f"{values[name]} == {values[source]}" for name, source in repeated.items()]
    shown: dict[str, str] = {name: values[name] for name in kept if name not in showers}
    searched = [values[name] for name in SEARCHED if name in kept]
    free = [name for name in kept if name in showers and name not in binary and shows_other_text(showers[name])]
    lines = []
    if free:  # mostly one look at all of them shows that nothing is masked
        looked_at = ", ".join([*searched, *[values[name] for name in free]])
        lines.append(f"quiet = is_quiet({_NEWLINE!r}.join([{looked_at}]))")
    for name in [name for name in kept if name in showers]:
        if name not in binary and shows_text(showers[name]):
            shown[name] = values[name]
            continue
        shown[name] = variable = name.replace(".", "_")
        names[f"show_{variable}"] = showers[name]
        show = f"show_{variable}({values[name]})"
        if name not in binary and shows_short_text(showers[name]):
            short = f"{'quiet or ' * (name in free)}len({values[name]}) < {PAN_DIGITS[0]}"
            show = f"{values[name]} if {short} else {show}"
        lines.append(f"{variable} = {show}")
    beside = [values[source] for source in repeated.values() if source in VALUE_RECORD or source == "tid"]
    texts = [shown[name] for name in kept if name in showers]
    names |= {"form": form, "is_quiet": _QuietTexts(), "may_hold": may_hold_card_numbers, "printable": _PRINTABLE}
    names["separators"] = SEPARATOR.encode() * max(len(kept) - 1, 0)
    in_data = {shown[name] for name in kept}
    every = _joined(["data", *[one for one in dict.fromkeys(beside) if one not in in_data]], "")
    each = _joined([*dict.fromkeys([*texts, *beside])], "")
    sound = [  # `translate` takes a third of `isprintable`; other texts of a record may have any characters
        f"({_left_of(every)} == separators or (not {_left_of(each)} and data.count({SEPARATOR!r}) == len(separators)))"
    ]
    sound += [f"{shown[name]} != {shown.get(source, values[source])}" for name, source in equal.items() if name in kept]
    unmasked = f"not may_hold({_joined(searched, _NEWLINE)})"
    sound += [f"(quiet or {unmasked})" if free else unmasked] * bool(searched)
    listed = ", ".join([f"f'{{{shown[name]}}}'" if name in NUMBERS else shown[name] for name in kept])
    lines += [
        f"data = {SEPARATOR!r}.join([{listed}])",  # which refuses bytes where text should be
        f"if {' and '.join(sound)}:",
        "    row = at_us, tid, form, data",
    ]
    return ["row = None", f"if {' and '.join(_unsure(usual))}:", *[f"    {line}" for line in lines]]


class _QuietTexts:
    """Says of texts whether they hold no card number for certain; the first ones that hold none are remembered.

    Sentences about approvals are mostly the same: tests sell on a few cards. Those about new keys never are, and are
    not looked up any more once none of many was known.
    """

    __slots__ = ("_known", "_new")

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._new = 0  # texts that were not known, since one was

    def __call__(self, text: str) -> bool:
        if self._new < _MOST_NEW:
            if text in self._known:
                self._new = 0
                return True
            self._new += 1
        if may_hold_card_numbers(text):
            return False
        if len(self._known) < _MOST_QUIET:
            self._known.add(text)
        return True


_MOST_NEW: Final = 1_024
"""After so many in a row that were not known, none is looked up any more."""

_MOST_QUIET: Final = 64
"""Texts that are remembered for each form; there may be some hundred forms."""


def _unsure(conditions: Sequence[str]) -> list[str]:
    """Return conditions without those that always hold."""
    found = []
    for condition in dict.fromkeys(conditions):
        left, equals, right = condition.partition(" == ")
        if equals and left == right:
            continue
        try:
            if eval(condition, {"__builtins__": {}}):  # noqa: S307  where it names nothing, it is known
                continue
        except NameError:
            pass
        found.append(condition)
    return found or ["True"]


SEARCHED: Final = tuple(text_masks(ExchangeRecord))
"""Fields of an `ExchangeRecord` in which a card number may stand."""

_SIDES: Final = (("request", "request.values()"), ("reply", "() if reply is None else reply.values()"))
_NEWLINE: Final = "\n"
_PRINTABLE: Final = bytes(range(0x20, 0x7F))  # of ASCII


def _left_of(text: str) -> str:
    """Return the expression for what a text has beside printable ASCII."""
    return f"{text}.encode('utf-8', 'surrogatepass').translate(None, printable)"


def _joined(variables: Sequence[str], between: str) -> str:
    """Return the expression that joins values as text."""
    return "f" + repr(between.join([f"{{{one}}}" for one in variables]))
