"""Originals: the transactions that others take back, complete, top up or adjust, and what keeps one from that.

Tests come in the order of a real host: unknown 25 · not in its normal state, or of another kind, 25 · another card 14 ·
another currency · another day, a closed batch or too many days · another amount 64.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

from acquirer.host.case import Case
from acquirer.host.explain import originals as why
from acquirer.host.issuer.decisions import Judgement
from acquirer.host.kinds import KINDS
from acquirer.host.lifecycle import Action, action
from acquirer.host.request import original_key
from acquirer.model.effects import Effect, EffectResult
from acquirer.model.reasons import Reason
from acquirer.model.rows import Transaction

LoadingOriginal = Generator[Effect, EffectResult, Transaction | None]


def load_named(case: Case) -> LoadingOriginal:
    """Load the transaction of this terminal that a message names by batch and STAN."""
    return (yield from case.load_original(original_key(case.host, case.request)))


def load_authorisation(case: Case) -> LoadingOriginal:
    """Load the pre-authorisation that a message names by authorisation code, date and card; without a code, by card."""
    read, fields = case.host.read, case.fields
    date = read.original_date(fields)
    return (
        yield from case.load_original(
            auth_id=read.auth_id(fields).strip(), card=case.card_token(), date=date if date.strip("0") else ""
        )
    )


def unknown(case: Case, original: Transaction | None) -> Judgement | None:
    """Return why nothing can be done to an original, as the tables of kinds and states have it; None when it can."""
    host, kind = case.host, KINDS[case.request.service]
    assert kind.to_original is not None
    course = action(original, kind.to_original)
    if original is None or course is Action.UNKNOWN:
        return Judgement(Reason.ORIGINAL_UNKNOWN, why.unknown(host, case.request, kind))
    if course is Action.CLOSED or original.kind not in kind.of:
        return Judgement(Reason.ORIGINAL_CLOSED, why.closed(host, original, kind))
    return None


def unlike(case: Case, original: Transaction) -> Judgement | None:
    """Return why a message's card or currency is not that of its original; None when both are."""
    host = case.host
    if original.card and case.card_token() != original.card:
        return Judgement(Reason.ORIGINAL_CARD_DIFFERS, why.card_differs(host, original, case.card.masked))
    if (currency := host.read.currency(case.fields)) != original.currency:
        return Judgement(Reason.CURRENCY_DIFFERS, why.currency_differs(host, original, currency))
    return None


def not_open(case: Case, original: Transaction | None) -> Judgement | None:
    """Return why a transaction of this terminal cannot be changed any more; None while its batch is open."""
    if refusal := unknown(case, original):
        return refusal
    assert original is not None
    if refusal := unlike(case, original):
        return refusal
    if case.host.has_batch and original.key.batch != case.session.batch:
        sentence = why.batch_closed(case.host, original, case.session.batch)
        return Judgement(Reason.ORIGINAL_CLOSED, sentence)
    return None


def not_voidable(case: Case, original: Transaction | None) -> Judgement | None:
    """Return why a transaction of this terminal cannot be taken back whole; None when it can."""
    host, today = case.host, case.request.stamp.day
    if refusal := unknown(case, original):
        return refusal
    assert original is not None
    if refusal := unlike(case, original):
        return refusal
    if original.business_date < today and not host.options.void_other_day:
        return Judgement(Reason.ORIGINAL_OTHER_DAY, why.other_day(host, original, today))
    if refusal := not_open(case, original):
        return refusal
    return other_amount(case, original, original.amount_minor)


def not_held(case: Case, original: Transaction | None) -> Judgement | None:
    """Return why a pre-authorisation can no longer be voided, completed or topped up; None when it can."""
    host, request = case.host, case.request
    if refusal := unknown(case, original):
        return refusal
    assert original is not None
    if refusal := unlike(case, original):
        return refusal
    days = days_between(original.business_date, request.stamp.day)
    if days > host.options.pre_auth_days:
        sentence = why.too_old(host, original, days, host.options.pre_auth_days, "pre_auth_days")
        return Judgement(Reason.ORIGINAL_TOO_OLD, sentence)
    return None


def other_amount(case: Case, original: Transaction, whole_minor: int) -> Judgement | None:
    """Return the refusal of an amount that is not the whole of the original; None when it is."""
    if case.request.amount_minor == whole_minor:
        return None
    sentence = why.amount_differs(case.host, original, case.request.amount_minor, whole_minor)
    return Judgement(Reason.ORIGINAL_AMOUNT_DIFFERS, sentence)


def days_between(since: str, today: str) -> int:
    """Return the days between two dates YYYYMMDD."""
    return (datetime.strptime(today, "%Y%m%d") - datetime.strptime(since, "%Y%m%d")).days
