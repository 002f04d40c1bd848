"""Reversals: by itself, with the right reason, until an answer ends them; and by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.terminal.effects import NoAnswer, Unframed
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.rendering import line
from acquirer.terminal.reversal import Undo, reverse
from acquirer.terminal.sale import sale
from acquirer.wire.message import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

    Orders = Callable[..., Order]

STRANGER = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("313215FDA2C4AB4C"))


def broken(kind: str, host: Foreign, silence: Response) -> Any:
    """An answer to a sale that leaves its outcome unknown."""
    return {
        "silence": silence,
        "half a frame": NoAnswer("the host closed the connection, 37 bytes of an unfinished frame had come", 9),
        "another STAN": [host.reply(de11="000999")],
        "another merchant": host.reply(de42="880210010210163"),
        "another batch": [host.reply(de60="22000008000")],
        "wrong MAC": host.reply(keys=STRANGER),
        "no MAC": host.reply(mac=False),
        "short MAC": host.reply("A2", mac=False, de64=b"00000000"),
        "a decline with a wrong MAC": host.reply("51", mac=True, keys=STRANGER),
        "nonsense": b"\x60\0\0\0\0" + bytes(6) + b"\x02\x10\xff",
        "HTTP": Unframed("this is an HTTP response, not ISO 8583", 9),
        "other amount": host.reply(de4="000000001235"),
        "more than asked": host.reply("10", de4="000000001235"),
        "other processing code": host.reply(de3="200000"),
        "no code": host.reply(de39=None),
        "no STAN": host.reply(keep=(3, 4, 41, 42)),
    }[kind]


BROKEN = {
    "silence": ("98", Outcome.NO_ANSWER),
    "half a frame": ("98", Outcome.NO_ANSWER),
    "another STAN": ("98", Outcome.NO_ANSWER),
    "another merchant": ("06", Outcome.MALFORMED),
    "another batch": ("98", Outcome.NO_ANSWER),
    "wrong MAC": ("A0", Outcome.MAC_DIFFERS),
    "no MAC": ("A0", Outcome.MAC_DIFFERS),
    "short MAC": ("A0", Outcome.MAC_DIFFERS),
    "a decline with a wrong MAC": ("A0", Outcome.MAC_DIFFERS),
    "nonsense": ("06", Outcome.MALFORMED),
    "HTTP": ("06", Outcome.MALFORMED),
    "other amount": ("06", Outcome.MALFORMED),
    "more than asked": ("06", Outcome.MALFORMED),
    "other processing code": ("06", Outcome.MALFORMED),
    "no code": ("06", Outcome.MALFORMED),
    "no STAN": ("06", Outcome.MALFORMED),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_reverses_at_once_with_the_right_reason(
    signed_on: Bench, host: Foreign, make_order: Orders, silence: Response, kind: str
) -> None:
    reason, outcome = BROKEN[kind]
    result = signed_on.run(sale(signed_on.machine, make_order()), broken(kind, host, silence), host.reply())
    original, reversal = signed_on.requests
    assert (result.outcome, result.reversal) == (outcome, "done")
    assert (reversal.mti, reversal.fields[39]) == ("0400", reason)
    assert signed_on.fresh == [False, True]
    assert signed_on.state.pending is None
    assert {de: reversal.fields[de] for de in (2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 60)} == {
        de: original.fields[de] for de in (2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 60)
    }
    assert not {26, 35, 36, 37, 52, 53, 61} & set(reversal.fields)
    assert signed_on.setup.suite.verify_message(host.keys, reversal)
    assert line(signed_on.exchanges[1]) == (
        f"→ 0400 reversal STAN 000012 12.34 621234******1232 reason {reason} … "
        "← 0410 00 approved · the sale is undone · 3 ms"
    )


def test_repeats_the_authorisation_that_a_bad_reply_brought(
    signed_on: Bench, host: Foreign, make_order: Orders
) -> None:
    signed_on.run(sale(signed_on.machine, make_order()), host.reply(keys=STRANGER, de38="654321"), host.reply())
    assert signed_on.requests[1].fields[38] == "654321"


@pytest.mark.parametrize("code", ["00", "12", "25"])
def test_an_answer_that_ends_it(
    signed_on: Bench, host: Foreign, make_order: Orders, silence: Response, code: str
) -> None:
    answer = host.reply() if code == "00" else host.short(code)
    result = signed_on.run(sale(signed_on.machine, make_order()), silence, answer)
    assert result.reversal == "done"
    assert signed_on.state.pending is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("declined 96", "06"), ("silence", "98"), ("wrong MAC", "98"), ("no MAC", "98"), ("nonsense", "98")],
)
def test_an_answer_that_does_not(
    signed_on: Bench, host: Foreign, make_order: Orders, silence: Response, kind: str, reason: str
) -> None:
    answer = host.short("96") if kind == "declined 96" else broken(kind, host, silence)
    result = signed_on.run(sale(signed_on.machine, make_order()), silence, answer)
    assert result.reversal == "owed"
    assert (signed_on.state.pending.tries, signed_on.state.pending.reason) == (1, reason)
    assert "is owed, 1 of 3 tries made" in result.sentence


def test_goes_out_before_the_next_sale(signed_on: Bench, host: Foreign, make_order: Orders, silence: Response) -> None:
    signed_on.run(sale(signed_on.machine, make_order()), silence, silence)
    result = signed_on.run(sale(signed_on.machine, make_order(500)), host.reply(), host.reply())
    assert [(request.mti, request.fields[11]) for request in signed_on.requests[2:]] == [
        ("0400", "000012"),
        ("0200", "000013"),
    ]
    assert result.outcome is Outcome.APPROVED


def test_three_tries_then_nothing_is_sold(
    signed_on: Bench, host: Foreign, make_order: Orders, silence: Response
) -> None:
    signed_on.run(sale(signed_on.machine, make_order()), silence, silence)
    for tries in (2, 3):
        result = signed_on.run(sale(signed_on.machine, make_order()), silence)
        assert (result.outcome, signed_on.state.pending.tries) == (Outcome.REFUSED, tries)
    result = signed_on.run(sale(signed_on.machine, make_order()))
    assert result.sentence == (
        "not sold: the reversal of STAN 000012 in batch 000007 (12.34) got no answer that ends it in 3 tries "
        "and is kept; 'reverse' tries it again, --drop-reversal gives it up"
    )
    result = signed_on.run(reverse(signed_on.machine, Undo()), host.reply())
    assert result.reversal == "done"
    assert signed_on.run(sale(signed_on.machine, make_order()), host.reply()).outcome is Outcome.APPROVED


def test_can_be_given_up(signed_on: Bench, host: Foreign, make_order: Orders, silence: Response) -> None:
    signed_on.run(sale(signed_on.machine, make_order()), silence, silence)
    result = signed_on.run(sale(signed_on.machine, make_order(drop_reversal=True)), host.reply())
    assert result.outcome is Outcome.APPROVED
    assert [request.mti for request in signed_on.requests] == ["0200", "0400", "0200"]
    assert signed_on.state.pending is None


def test_a_try_that_could_not_be_sent_does_not_count(
    signed_on: Bench, make_order: Orders, silence: Response, no_line: Response
) -> None:
    signed_on.run(sale(signed_on.machine, make_order()), silence, no_line)
    assert signed_on.state.pending.tries == 0


def test_signs_on_in_between_when_the_host_wants_it(
    signed_on: Bench, host: Foreign, make_order: Orders, silence: Response
) -> None:
    result = signed_on.run(
        sale(signed_on.machine, make_order()), silence, host.short("A0"), host.sign_on(), host.reply()
    )
    assert [request.mti for request in signed_on.requests] == ["0200", "0400", "0800", "0400"]
    assert result.reversal == "done"
    assert signed_on.requests[-1].fields[60][2:8] == "000007"


def test_is_tried_after_a_restart_under_new_keys(
    signed_on: Bench, make_bench: type[Bench], host: Foreign, make_order: Orders, silence: Response
) -> None:
    signed_on.run(sale(signed_on.machine, make_order()), silence, silence)
    bench = make_bench(replace(signed_on.state, keys=None, signed_on=False, batch="000008"))
    result = bench.run(sale(bench.machine, make_order()), host.sign_on(batch="000008"), host.reply(), host.reply())
    assert [request.mti for request in bench.requests] == ["0800", "0400", "0200"]
    assert bench.requests[1].fields[60][2:8] == "000007"
    assert result.outcome is Outcome.APPROVED


def test_nothing_is_sold_while_it_cannot_even_sign_on(
    signed_on: Bench, make_bench: type[Bench], host: Foreign, make_order: Orders, silence: Response
) -> None:
    signed_on.run(sale(signed_on.machine, make_order()), silence, silence)
    bench = make_bench(replace(signed_on.state, keys=None, signed_on=False))
    result = bench.run(sale(bench.machine, make_order()), silence)
    assert (result.outcome, result.reversal) == (Outcome.REFUSED, "owed")


class TestByHand:
    def test_the_last_sale(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        result = signed_on.run(reverse(signed_on.machine, Undo(reason="06")), host.reply())
        assert (result.outcome, result.reversal) == (Outcome.APPROVED, "done")
        assert signed_on.requests[1].fields[39] == "06"
        assert signed_on.state.last is None

    def test_nothing_to_reverse(self, signed_on: Bench) -> None:
        result = signed_on.run(reverse(signed_on.machine, Undo()))
        assert (result.outcome, result.sentence) == (
            Outcome.REFUSED,
            "there is no sale to reverse; name one with --stan and --amount",
        )

    def test_a_sale_that_never_was(self, signed_on: Bench, host: Foreign) -> None:
        undo = Undo(stan="000777", batch="000003", amount_minor=99)
        result = signed_on.run(reverse(signed_on.machine, undo), host.short("25"))
        fields = signed_on.requests[0].fields
        assert (fields[3], fields[4], fields[11], fields[60][:8]) == ("000000", "000000000099", "000777", "22000003")
        assert (result.outcome, result.code, result.reversal) == (Outcome.DECLINED, "25", "done")

    @pytest.mark.parametrize(
        "undo",
        [
            Undo(stan="1", amount_minor=1),
            Undo(stan="000001", batch="1", amount_minor=1),
            Undo(stan="000001", amount_minor=1, reason="981"),
        ],
    )
    def test_what_no_message_can_hold_is_not_owed(self, signed_on: Bench, undo: Undo) -> None:
        with pytest.raises(EncodeError):
            signed_on.run(reverse(signed_on.machine, undo))
        assert signed_on.state.pending is None

    def test_not_another_one_while_one_is_owed(self, signed_on: Bench, make_order: Orders, silence: Response) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), silence, silence)
        result = signed_on.run(reverse(signed_on.machine, Undo(stan="000777")))
        assert result.outcome is Outcome.REFUSED
        assert "STAN 000012" in result.sentence

    def test_is_not_owed_when_it_never_left(
        self, signed_on: Bench, host: Foreign, make_order: Orders, no_line: Response
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        result = signed_on.run(reverse(signed_on.machine, Undo()), no_line)
        assert (result.outcome, result.reversal, signed_on.state.pending) == (Outcome.NOT_SENT, "", None)
        assert signed_on.state.last is not None

    def test_is_owed_when_it_is_not_answered(
        self, signed_on: Bench, host: Foreign, make_order: Orders, silence: Response
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        result = signed_on.run(reverse(signed_on.machine, Undo()), silence)
        assert (result.outcome, result.reversal) == (Outcome.NO_ANSWER, "owed")
        assert signed_on.state.pending.stan == "000012"

    def test_a_sale_that_is_not_known_needs_its_amount(
        self, signed_on: Bench, host: Foreign, make_order: Orders
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        signed_on.run(reverse(signed_on.machine, Undo()), host.reply())
        result = signed_on.run(reverse(signed_on.machine, Undo(stan="000012")))
        assert (result.outcome, result.reversal) == (Outcome.REFUSED, "")
        assert result.sentence == ("the amount of STAN 000012 in batch 000007 is not known here: give it with --amount")

    @pytest.mark.parametrize("undo", [Undo(batch="000007"), Undo(amount_minor=1234)])
    def test_says_which_sale_an_amount_belongs_to(
        self, signed_on: Bench, host: Foreign, make_order: Orders, undo: Undo
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        result = signed_on.run(reverse(signed_on.machine, undo))
        assert result.sentence == "not sent: a batch and an amount go with --stan"

    def test_is_not_owed_when_the_host_refuses_it(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        result = signed_on.run(reverse(signed_on.machine, Undo()), host.short("64"))
        assert (result.outcome, result.code, result.reversal) == (Outcome.DECLINED, "64", "")
        assert result.sentence == "the sale stands: the host refused to undo it"
        assert (signed_on.state.pending, signed_on.state.last.stan) == (None, "000012")
        assert signed_on.run(sale(signed_on.machine, make_order()), host.reply()).outcome is Outcome.APPROVED

    def test_is_owed_after_a_refusal_that_decides_nothing(
        self, signed_on: Bench, host: Foreign, make_order: Orders
    ) -> None:
        """The host may have undone the sale: what could not be known then is asked again before the next one."""
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        result = signed_on.run(reverse(signed_on.machine, Undo()), host.short("96"))
        assert (result.outcome, result.code, result.reversal) == (Outcome.DECLINED, "96", "owed")
        result = signed_on.run(reverse(signed_on.machine, Undo()), host.reply())
        assert (result.outcome, result.reversal, signed_on.state.pending) == (Outcome.APPROVED, "done", None)

    def test_is_not_owed_when_a_later_try_is_refused(
        self, signed_on: Bench, host: Foreign, make_order: Orders, silence: Response
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        signed_on.run(reverse(signed_on.machine, Undo()), silence)
        result = signed_on.run(sale(signed_on.machine, make_order()), host.short("64"), host.reply())
        assert (result.outcome, signed_on.state.pending) == (Outcome.APPROVED, None)

    def test_is_still_owed_when_an_answer_only_wants_a_sign_on(
        self, signed_on: Bench, host: Foreign, make_order: Orders, silence: Response
    ) -> None:
        """Whether an earlier try has undone it is not known: A0 does not tell."""
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        for _ in range(3):
            signed_on.run(reverse(signed_on.machine, Undo()), silence)
        result = signed_on.run(reverse(signed_on.machine, Undo()), host.short("A0"))
        assert (result.code, result.reversal) == ("A0", "owed")
        assert signed_on.run(reverse(signed_on.machine, Undo()), host.reply()).reversal == "done"

    def test_is_not_owed_when_the_sign_on_before_it_failed(
        self, signed_on: Bench, make_bench: type[Bench], host: Foreign, make_order: Orders, silence: Response
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), host.reply())
        bench = make_bench(replace(signed_on.state, keys=None, signed_on=False))
        result = bench.run(reverse(bench.machine, Undo()), silence)
        assert (result.outcome, result.reversal, bench.state.pending) == (Outcome.REFUSED, "", None)

    def test_what_a_sale_owes_stays_owed_when_the_host_refuses_it(
        self, signed_on: Bench, host: Foreign, make_order: Orders, silence: Response
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), silence, silence)
        result = signed_on.run(reverse(signed_on.machine, Undo()), host.short("96"))
        assert (result.outcome, result.reversal) == (Outcome.DECLINED, "owed")
