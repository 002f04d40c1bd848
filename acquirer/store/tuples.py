"""Rows of state as tuples of plain values, in the order of the columns of `schema`, and back."""

from __future__ import annotations

import json
from typing import Final

from acquirer.data.types import Row
from acquirer.model.rows import Card, Generation, Policy, Session, TerminalConfig, Transaction, TransactionKey

_NO_GENERATION: Final[Row] = (0, "", None, "", 0)
_dump: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_TERMINAL_COLUMNS: Final = 15  # of `schema.terminal`; a joined row goes on with its session's


def session_row(session: Session) -> Row:
    """What is written for a session: its next version."""
    return (
        session.tid,
        session.version + 1,
        session.batch,
        session.signed_on_us,
        session.signed_on_day,
        session.signed_on_count,
        int(session.signed_off),
        int(session.sign_on_spent),
        session.operator,
        session.serial,
        *_generation_row(session.current),
        *_generation_row(session.previous),
        session.previous_until_us,
        session.bad_macs,
        session.last_stan,
    )


def session_of(row: Row) -> Session:
    """The session a row of `schema.session` holds."""
    flags = (bool(row[6]), bool(row[7]))
    generations = (_generation_of(row[10:15]), _generation_of(row[15:20]))
    values: Row = (*row[:6], *flags, *row[8:10], *generations, *row[20:])
    return Session(*values)


def _generation_row(generation: Generation | None) -> Row:
    if generation is None:
        return _NO_GENERATION
    return (generation.number, generation.package, generation.sealed, generation.kcvs, generation.since_us)


def _generation_of(row: Row) -> Generation | None:
    return Generation(*row) if row[0] else None


def transaction_row(one: Transaction) -> Row:
    """What is written for a transaction: its next version."""
    return (
        *one.key,
        one.version + 1,
        one.kind,
        one.state,
        one.processing_code,
        one.transaction_type,
        one.amount_minor,
        one.currency,
        one.pan_masked,
        one.card,
        one.entry_mode,
        one.operator,
        one.reason,
        one.code,
        one.rrn,
        one.auth_id,
        _dump(one.made),
        one.generation,
        one.at_us,
        one.business_date,
        one.reversed_us,
        one.reversal_reason,
        _dump(one.reversal_made),
    )


def transaction_of(row: Row) -> Transaction:
    """The transaction a row of `schema.transaction` holds."""
    values: Row = (*row[4:19], json.loads(row[19]), *row[20:25], json.loads(row[25]))
    return Transaction(TransactionKey(*row[:4]), *values)


def card_row(card: Card) -> Row:
    """What is written for a card: its next version."""
    return (
        card.token,
        card.version + 1,
        card.pan_masked,
        card.spent_minor,
        card.day,
        card.day_spent_minor,
        card.day_count,
        card.pin_tries,
    )


def card_of(row: Row) -> Card:
    """The card a row of `schema.card` holds."""
    return Card(*row)


def terminal_row(one: TerminalConfig) -> Row:
    """What is written for a registered terminal."""
    policy = one.policy
    return (
        one.tid,
        one.mid,
        one.name,
        one.tmk,
        one.tmk_kcv,
        one.mak,
        policy.required,
        policy.grace_s,
        policy.repeat,
        int(policy.batch_check),
        policy.bad_macs_allowed,
        int(one.test),
        one.fixed_keys,
        one.bdk,
        one.bdk_kcv,
    )


def terminal_of(row: Row) -> TerminalConfig:
    """The registered terminal a row of `schema.terminal` holds."""
    policy = Policy(row[6], row[7], row[8], bool(row[9]), row[10])
    values: Row = (*row[:6], policy, bool(row[11]), *row[12:_TERMINAL_COLUMNS])
    return TerminalConfig(*values)


def registered(row: Row) -> tuple[TerminalConfig, Session]:
    """The terminal a joined row holds and its session, a fresh one when it never had any."""
    config, rest = terminal_of(row), row[_TERMINAL_COLUMNS:]
    return config, Session(config.tid) if rest[0] is None else session_of(rest)
