"""Limits that terminals meet, and what a host does unless it is set otherwise."""

from __future__ import annotations

from dataclasses import asdict

from acquirer.host import exchange, keys, signature_checks, unproved
from acquirer.host.core import SILENT_CENTS, HostOptions
from acquirer.host.decision import Decision
from acquirer.host.explain.exchange import SKEW_WORTH_A_NOTE_S
from acquirer.host.issuer.cards import CardTable
from acquirer.host.issuer.decisions import PIN_TRIES
from acquirer.host.services import sign_on, signature, signature_part
from acquirer.host.signature_policy import Checks
from acquirer.model.reasons import Reason


def test_what_terminals_meet() -> None:
    assert (PIN_TRIES, SILENT_CENTS, SKEW_WORTH_A_NOTE_S, sign_on.CLONE_WINDOW_S) == (3, 98, 300, 60)
    assert (signature.SIGNATURES_MAX, signature_checks.MAX_SIDE) == (16, 1024)
    assert (signature_part.LIFE_US, signature_part.ALTERNATIVES_MAX, signature_part.IMAGES_MAX) == (300_000_000, 3, 32)
    assert (unproved.UNPROVED_MOST, unproved._TERMINALS_MOST) == (3, 20_000)
    assert (exchange.CONFLICTS_MAX, keys.TERMINALS_KEPT) == (8, 20_000)
    assert signature.NOT_DECODED == (
        "the image was not decoded in time: too many wait, or the process that decodes them does not run (see the "
        "host's log); nothing was kept"
    )


def test_a_host_unless_it_is_set_otherwise() -> None:
    assert asdict(HostOptions()) == {
        "trigger_amounts": False,
        "checks": asdict(Checks()),
        "void_other_day": False,
        "refund_days": 30,
        "pre_auth_days": 29,
        "completion_percent": 115,
        "reversible_loads": "all",
        "settlement_reply": "host",
        "unsigned_at_settlement": "accept",
        "no_sign_limit_minor": None,
    }
    table = CardTable({})
    assert (table.unknown, table.test_bins, table.unknown_balance_minor) == ("approve", (), 100_000)


def test_a_decision_changes_nothing_unless_it_says_so() -> None:
    decision = Decision(Reason.APPROVED, "why")
    values = {name: getattr(decision, name) for name in Decision.__slots__}
    rows = dict.fromkeys(
        ("session", "transaction", "original", "authorisation", "card", "upload", "settlement", "keys", "ruling")
    )
    texts = dict.fromkeys(("code", "rrn", "pan_masked", "ask"), "")
    switches = dict.fromkeys(("sign_on_again", "replayed", "silent"), False)
    expected: dict[str, object] = {
        "reason": Reason.APPROVED,
        "why": "why",
        "reply_elements": {},
        "notes": (),
        "details": (),
        "cause": None,
        **rows,
        **texts,
        **switches,
    }
    assert values == expected
