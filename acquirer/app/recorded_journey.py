"""A journey made of a recording: what its terminals did, step by step, and what came of it.

1. A step does what the terminal did; a void or a refund names the step of its sale. What terminals do by themselves
   (a reversal after silence, the upload of a signature) is no step of its own, but expected of the one that caused it.
2. Cards are those of the card table: a journal shows enough of a number to know which. A PIN is the card's; where the
   host called it wrong, another one.
3. What cannot be done again, and what depends on it, is listed and is no step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from acquirer.app.recorded_rules import RecordedText, comments
from acquirer.app.recording import RecordedExchange
from acquirer.data.toml_text import toml_tables
from acquirer.dialect.amounts import decimals_of
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.router import without_repeat
from acquirer.host.issuer.cards import CardEntry, CardTable
from acquirer.journal.entry import Entry
from acquirer.model.reasons import Reason
from acquirer.slip.receipt import decimal_amount
from acquirer.wire.masking import mask_pan
from acquirer.wire.message import Message, Value

USUAL_PIN: Final = "123456"
"""Of a card whose PIN its issuer does not check."""

OTHER_PIN: Final = "999999"
"""That is no card's: where the recorded one was wrong."""

_PLAIN: Final = {
    "sign_on": "sign_on", "sign_off": "sign_off", "echo": "echo", "key_change": "key_change", "settlement": "settle",
}  # fmt: skip
"""Service → operation without arguments."""

_NAMING: Final = {
    "void": "void", "pre_auth_void": "void", "completion_void": "void", "refund": "refund", "completion": "complete",
    "pre_auth_top_up": "top_up",
}  # fmt: skip
"""Service → operation that names an earlier step."""

_SALES: Final = frozenset({"sale", "pre_auth", "ecash_sale", "balance"})
_BY_ITSELF: Final = frozenset({"signature", "signature_part", "batch_upload", "script_result"})
"""Messages that terminals send by themselves, and that no step asks for."""


@dataclass(slots=True)
class _Step:
    """A step that is being made."""

    table: dict[str, Any]
    entry: Entry
    expect: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What other steps call it."""
        self.table.setdefault("name", f"{self.entry.service} {self.entry.id}".replace("_", " "))
        name: str = self.table["name"]
        return name


class _Maker:
    """Makes the steps of one recording."""

    def __init__(self, dialect: Dialect, cards: CardTable) -> None:
        self._dialect = dialect
        self._decimals = decimals_of(dialect)
        self._cards: dict[str, list[CardEntry]] = {}
        for card in cards.cards.values():
            self._cards.setdefault(mask_pan(card.pan), []).append(card)
        self.steps: list[_Step] = []
        self.left_out: list[str] = []
        self.reproduced = 0
        self._by_number: dict[tuple[str, str], _Step] = {}  # terminal and STAN
        self._by_rrn: dict[str, _Step] = {}
        self._by_auth: dict[str, _Step] = {}

    def add(self, entry: Entry) -> None:
        """Make a step of an exchange, or add it to the one that it belongs to."""
        if entry.service in _BY_ITSELF:
            self._leave(entry, f"a {entry.service.replace('_', ' ')} is sent by the terminal itself, if at all")
        elif entry.reason in ("undecodable", "undecodable_reply", "stray_reply") or not entry.service:
            self._leave(entry, entry.why or "it is no message of the dialect")
        elif entry.service == "reversal":
            self._reversal(entry)
        elif (first := self._by_number.get((entry.tid, entry.stan))) is not None and _is_again(first.entry, entry):
            self._again(first, entry)
        else:
            table = self._table(entry)
            if isinstance(table, str):
                self._leave(entry, table)
            else:
                self._append(entry, {**table, "terminal": entry.tid})

    def _table(self, entry: Entry) -> dict[str, Any] | str:
        """Return the step of an exchange, or why there is none."""
        if entry.service in _PLAIN:
            return {_PLAIN[entry.service]: True}
        if entry.service in _SALES:
            return self._sale(entry)
        if entry.service in _NAMING:
            return self._naming(entry, _NAMING[entry.service])
        return f"no step does a {entry.service.replace('_', ' ')}"

    def _append(self, entry: Entry, table: dict[str, Any]) -> None:
        step = _Step(table, entry)
        if entry.code:
            step.expect = {"code": entry.code}
        else:
            step.expect = {"outcome": "no-answer"}
        self.steps.append(step)
        self.reproduced += 1
        if entry.stan:
            self._by_number[entry.tid, entry.stan] = step
        if entry.rrn:
            self._by_rrn[entry.rrn] = step
        auth = self._dialect.elements.get("auth_id")
        if auth is not None and entry.reply is not None and (code := entry.reply.get(str(auth.de))):
            self._by_auth[code] = step

    def _leave(self, entry: Entry, why: str) -> None:
        self.left_out.append(f"exchange {entry.id}: {why}")

    def _again(self, step: _Step, entry: Entry) -> None:
        """Take the same message, sent once more."""
        self.reproduced += 1
        if entry.code and "code" not in step.expect:
            step.expect = {"code": entry.code}

    def _reversal(self, entry: Entry) -> None:
        """Expect a reversal of the step whose sale was not answered; one by hand is a step of its own."""
        named = self._element(entry, "original_stan") or entry.stan
        step = self._by_number.get((entry.tid, named)) or self._by_number.get((entry.tid, entry.stan))
        if step is None:
            self._leave(entry, f"it reverses STAN {named}, which is no step")
            return
        self.reproduced += 1
        if "code" not in step.expect:
            step.expect["reversal"] = "done" if entry.code else "owed"
            return
        table: dict[str, Any] = {"reverse": {"stan": f"@{step.name}"}, "terminal": entry.tid}
        self.steps.append(_Step(table, entry, {"code": entry.code} if entry.code else {}))

    def _sale(self, entry: Entry) -> dict[str, Any] | str:
        card = self._card(entry)
        if isinstance(card, str):
            return card
        arguments: dict[str, Any] = {"card": card.name}
        if entry.service != "balance":
            if entry.amount_minor is None:
                return "it has no amount"
            arguments = {"amount": decimal_amount(entry.amount_minor, self._decimals), **arguments}
        if how := self._entry_mode(entry):
            arguments["entry"] = how
        if "pin_block" in self._dialect.elements and str(self._dialect.elements["pin_block"].de) in entry.request:
            arguments["pin"] = self._pin(entry, card)
        return {entry.service: arguments}

    def _naming(self, entry: Entry, operation: str) -> dict[str, Any] | str:
        """Return a step that names an earlier one."""
        step = self._original(entry)
        if step is None:
            return "it names a transaction that is no step"
        arguments: dict[str, Any] = {"stan": f"@{step.name}"}
        if entry.amount_minor is not None and entry.amount_minor != step.entry.amount_minor and operation != "void":
            arguments["amount"] = decimal_amount(entry.amount_minor, self._decimals)
        return {operation: arguments}

    def _original(self, entry: Entry) -> _Step | None:
        """Return the step that an exchange names: by STAN, reference number or authorisation code."""
        if stan := self._element(entry, "original_stan").lstrip("0"):
            step = self._by_number.get((entry.tid, stan.zfill(6)))
            if step is not None:
                return step
        for element, known in (("rrn", self._by_rrn), ("auth_id", self._by_auth)):
            if (value := self._element(entry, element)) and value in known:
                return known[value]
        return None

    def _card(self, entry: Entry) -> CardEntry | str:
        if not entry.pan_masked:
            return "its card is not known: the track is encrypted; name a trace or capture, and --terminals"
        found = self._cards.get(entry.pan_masked, [])
        if len(found) == 1:
            return found[0]
        if found:
            return f"its card {entry.pan_masked} may be {' or '.join(card.name for card in found)}"
        return f"its card {entry.pan_masked} is not in the card table: --cards FILE.toml"

    def _pin(self, entry: Entry, card: CardEntry) -> str:
        route = self._dialect.find_route(entry.service)
        right = card.pin or USUAL_PIN
        if entry.code != self._dialect.code_of(Reason.PIN_INCORRECT, route):
            return right
        return OTHER_PIN if right != OTHER_PIN else USUAL_PIN

    def _entry_mode(self, entry: Entry) -> str:
        profile = self._dialect.terminal_profile
        value = self._element(entry, "entry_mode")
        return profile.entry_of(value) if profile is not None and value else ""

    def _element(self, entry: Entry, name: str) -> str:
        fields: dict[int, Value] = {int(de): text for de, text in entry.request.items()}
        value = self._dialect.get(Message(b"", entry.mti, fields), name)
        return value if isinstance(value, str) else ""


def _is_again(first: Entry, entry: Entry) -> bool:
    return first.service == entry.service and without_repeat(first.mti) == without_repeat(entry.mti)


def recorded_journey(
    exchanges: Sequence[RecordedExchange], dialect: Dialect, cards: CardTable, name: str
) -> RecordedText:
    """Return a journey.

    Args:
        cards: that the recorded ones are looked for among.
        name: of the journey.
    """
    result = _Maker(dialect, cards)
    for one in exchanges:
        result.add(one.entry)
    tids = list(dict.fromkeys(step.entry.tid for step in result.steps))
    if len(tids) == 1:
        for step in result.steps:
            step.table.pop("terminal", None)
    head: dict[str, Any] = {"name": name, "dialect": dialect.name, "terminals": tids}
    header = toml_tables("journey", [head]).replace("[[journey]]", "[journey]")
    steps = [{**step.table, **({"expect": step.expect} if step.expect else {})} for step in result.steps]
    return RecordedText(
        f"{comments(result.left_out)}{header}\n{toml_tables('step', steps)}", result.reproduced, result.left_out
    )
