"""Rules at work: what a service has decided, and what a rule makes of it before it is committed.

1. A rule that declines books nothing but the declined transaction, whose repeat gets the same answer.
2. One that approves books what the service would have booked, without asking the issuer. Of a message that is no
   transaction it changes the answer, and what the service decided stays.
3. Elements and fields that it sets or drops are kept with the answer, so that a repeat is given the same ones.
4. A decision of the prologue (a wrong MAC, a sign-on that is due) and the stored answer of a repeat stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Final

from acquirer.dialect.definitions import ACCEPTED
from acquirer.dialect.dialect import Dialect
from acquirer.host.booking import book, given_back
from acquirer.host.case import Case
from acquirer.host.chip_notes import chip_objects
from acquirer.host.decision import Decision
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.kinds import KINDS
from acquirer.journal.mask import showers
from acquirer.matcher.keys import field_place
from acquirer.model.effects import Effect, EffectResult, Hold
from acquirer.model.reasons import Reason
from acquirer.scenario.rules import RuleSet, Ruling
from acquirer.scenario.rules.reply_edits import edits_of
from acquirer.scenario.rules.rule import Rule
from acquirer.wire.masking import mask_pan
from acquirer.wire.message import Message


class DecidedRequest:
    """A request and what its service decided, as conditions look at it."""

    __slots__ = ("_case", "_decision")

    def __init__(self, case: Case, decision: Decision) -> None:
        self._case = case
        self._decision = decision

    def value(self, key: str) -> str | int:
        """Return the value of a key; "" where there is none."""
        read = _READERS.get(key)
        if read is None:
            return shown_field(self._case.host.dialect, self._case.request.message, key)
        return read(self._case, self._decision)


def shown_field(dialect: Dialect, message: Message, key: str) -> str:
    """Return a field of a request as it is shown, or a part of one by its position; "" where there is none.

    Args:
        key: of a condition: ``de.22``, ``de.60.3``.
    """
    place = field_place(key)
    if place is None:
        return ""
    de, number = place
    value = message.fields.get(de)
    if value is None:
        return ""
    if number:
        layout = dialect.layout(message, de)
        parts = layout.parts if layout is not None else ()
        if number > len(parts) or parts[number - 1].sensitivity or not isinstance(value, str):
            return ""
        return value[parts[number - 1].start : parts[number - 1].stop]
    show = showers(dialect, message.mti).get(de)
    return "" if show is None else show(value)


def overrule(
    case: Case, decision: Decision, rules: RuleSet, before: Ruling | None
) -> Generator[Effect, EffectResult, Decision]:
    """Return what the rules make of a decision; it holds what they say about it, to be applied or released.

    Args:
        before: what they said when the request was decided first, where its rows have changed since.
    """
    request = case.request
    subject = DecidedRequest(case, decision)
    ruling = rules.consult(subject, case.host.dialect, request.tid, request.service, before)
    if ruling is None:
        return decision
    rule = ruling.rule
    if rule is None:
        decision.ruling = ruling
        return decision
    if rule.then.hold_ms is not None and not request.held:
        request.held = True
        try:
            yield Hold(rule.name, request.tid, request.service, request.stan, rule.then.hold_ms)
        except GeneratorExit:  # the host stops
            ruling.release()
            raise
    ruled = _decided(case, decision, rule, ruling)
    ruled.ruling = ruling
    return ruled


def _decided(case: Case, decision: Decision, rule: Rule, ruling: Ruling) -> Decision:
    then = rule.then
    words = list(then.changes)
    if then.decides:
        reason = then.reason or (Reason.APPROVED if then.approve else Reason.CHOSEN)
        code = ruling.answer or case.host.code_of(reason, case.request.route)
        words.insert(0, "approves" if then.approve else f"answers {code}")
        sentence = f"rule '{rule.name}' {_listed(words)}; {rule.used(ruling.use)}"
        ruled = _answered(case, decision, reason, code, sentence)
        ruled.notes = (*decision.notes, *(note for note in ruled.notes if note not in decision.notes))
        if decision.why != ruled.why:
            ruled.notes = (*ruled.notes, f"without the rule: {decision.why}")
    else:
        ruled = decision
        ruled.why = f"{ruled.why}; rule '{rule.name}' {_listed(words)}; {rule.used(ruling.use)}"
    ruled.ask = then.ask
    if edits := edits_of(then):
        ruled.reply_elements = {**ruled.reply_elements, **edits}
        _remember(case, ruled, edits)
    return ruled


def _answered(case: Case, decision: Decision, reason: Reason, code: str, sentence: str) -> Decision:
    """Return the decision with the answer of a rule."""
    host, request = case.host, case.request
    before = decision.code or host.code_of(decision.reason, request.route)
    was_accepted = host.dialect.codes[before].kind == ACCEPTED
    is_accepted = host.dialect.codes[code].kind == ACCEPTED
    if is_accepted and reason is Reason.CHOSEN:
        reason = Reason.APPROVED
    if is_accepted and was_accepted:
        decision.code, decision.reason, decision.why, decision.silent = code, reason, sentence, False
        if (row := decision.transaction) is not None and request.service in KINDS:
            elements = {**row.reply_elements, "code": code}
            decision.transaction = replace(row, code=code, reason=reason, reply_elements=elements)
        return decision
    if request.service in KINDS and decision.transaction is not None:
        return book(case, Judgement(reason, sentence), code=code)
    if not is_accepted:
        return Decision(
            reason, sentence, code=code, session=case.verified.session, pan_masked=decision.pan_masked, rrn=decision.rrn
        )
    decision.code, decision.reason, decision.why = code, reason, sentence
    decision.keys = case.verified.keys
    pan = host.read.pan(case.fields)
    decision.reply_elements = {
        **request.stamp.reply_elements,
        "rrn": case.rrn,
        **given_back(pan, chip_objects(host.dialect, request.message)),
        **decision.reply_elements,
    }
    decision.rrn = decision.rrn or case.rrn
    return decision


def _remember(case: Case, decision: Decision, edits: Mapping[str, str]) -> None:
    """Keep what a rule changes in a reply with the row from which a repeat is answered."""
    row = decision.transaction
    if row is None:
        return
    if case.request.service in KINDS:
        decision.transaction = replace(row, reply_elements={**row.reply_elements, **edits})
    elif row.reversed_us == case.request.arrival.at_us:
        decision.transaction = replace(row, reversal_elements={**row.reversal_elements, **edits})


def _listed(words: list[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _pan(case: Case, decision: Decision) -> str:
    return decision.pan_masked or case.card.masked or mask_pan(case.host.read.pan(case.fields))


def _card(case: Case, _decision: Decision) -> str:
    entry = case.host.issuer.cards.get(case.card.pan or case.host.read.pan(case.fields))
    return "" if entry is None else entry.name


def _code(case: Case, decision: Decision) -> str:
    return decision.code or case.host.code_of(decision.reason, case.request.route)


def _amount(case: Case, _decision: Decision) -> str | int:
    amount_minor = case.request.amount_minor
    return "" if amount_minor is None else amount_minor


_READERS: Final[Mapping[str, Callable[[Case, Decision], str | int]]] = {
    "service": lambda case, _: case.request.service,
    "mti": lambda case, _: case.request.message.mti,
    "tid": lambda case, _: case.request.tid,
    "mid": lambda case, _: case.request.mid,
    "batch": lambda case, _: case.request.batch,
    "stan": lambda case, _: case.request.stan,
    "rrn": lambda _, decision: decision.rrn,
    "code": _code,
    "reason": lambda _, decision: decision.reason,
    "amount": _amount,
    "pan": _pan,
    "card": _card,
    "dialect": lambda case, _: case.host.dialect.name,
    "listener": lambda case, _: case.request.arrival.listener,
    "peer": lambda case, _: case.request.arrival.peer,
    "moment": lambda case, _: case.request.stamp.day + case.request.stamp.time,
    "why": lambda _, decision: decision.why,
}
