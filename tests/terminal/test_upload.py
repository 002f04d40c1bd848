"""Signatures against hosts of other makes: when they go up, what they carry, and what becomes of those that fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.dialect.compiled import CompiledDialect
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.signature import slip_elements
from acquirer.signature.jbig_decoder import decode_jbig
from acquirer.signature.pen import draw_signature as write
from acquirer.signature.watermark import draw_watermark
from acquirer.terminal.exchange import Outcome, Signed
from acquirer.terminal.rendering import ended
from acquirer.terminal.sale import sale
from acquirer.terminal.sign_on import echo, sign_off
from acquirer.terminal.signature import Again, sign
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.state import waits
from acquirer.terminal.upload import upload
from acquirer.wire.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign, Reply, Step

    Orders = Callable[..., Order]

PAD = Pad(write("Zhang San", 7))
OTHER = Pad(write("Li Wei", 8, mode="pen"), "pen")
SALE = {"de15": "1120", "de37": "123456789012"}


def bytes_at(message: Message, de: int) -> bytes:
    value = message.fields[de]
    assert isinstance(value, bytes)
    return value


def approved(host: Foreign, **more: Any) -> Reply:
    return host.reply(**SALE | more)


@pytest.fixture
def sold(signed_on: Bench, host: Foreign, make_order: Orders) -> Bench:
    """A terminal whose last sale, STAN 000012, was signed; nothing is uploaded yet."""
    result = signed_on.run(sale(signed_on.machine, make_order(pad=PAD)), approved(host))
    assert result.signature is Signed.KEPT
    return signed_on


@pytest.fixture
def eager(sold: Bench) -> Bench:
    """The same, as a terminal that uploads at once."""
    sold.machine.setup = replace(sold.machine.setup, upload_at_once=True)
    return sold


class TestWhatGoesUp:
    def test_an_upload_repeats_its_sale(self, sold: Bench, host: Foreign) -> None:
        sold.run(upload(sold.machine), host.reply())
        sent = sold.requests[-1]
        assert (sent.mti, sorted(sent.fields)) == ("0820", [2, 4, 11, 15, 37, 41, 42, 55, 60, 62, 64])
        assert sent.raw.hex()[26:42] == "5022000008c00215"
        expected = {2: "6212345678901232", 4: "000000001234", 11: "000012", 15: "1120", 37: "123456789012"}
        assert {de: sent.fields[de] for de in expected} == expected
        assert sent.fields[60] == "07000007800"
        assert sold.setup.suite.verify_message(host.keys, sent)

    def test_the_picture_is_what_was_drawn_over_the_feature_code(self, sold: Bench, host: Foreign) -> None:
        sold.run(upload(sold.machine), host.reply())
        code = sold.state.voucher.feature
        assert code == "47588226"  # 11201234 xor 56789012, digit by digit
        assert decode_jbig(bytes_at(sold.requests[-1], 62)).bitmap == draw_watermark(PAD.bitmap, code)

    def test_without_a_watermark(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        signed_on.machine.setup = replace(signed_on.machine.setup, watermark=False)
        signed_on.run(sale(signed_on.machine, make_order(pad=PAD)), approved(host))
        assert decode_jbig(signed_on.state.voucher.image).bitmap == PAD.bitmap

    def test_slip_elements(self, sold: Bench, host: Foreign) -> None:
        sold.run(upload(sold.machine), host.reply())
        parsed = slip_elements.parse_slip_elements(
            bytes_at(sold.requests[-1], 55), slip_elements.slip_tags(sold.setup.dialect)
        )
        shown = {one.tag: one.text for one in parsed if one.tag not in ("FF22", "FF23")}
        assert shown == {
            "FF00": "测试商户",
            "FF01": "消费",
            "FF02": "01",
            "FF05": "3012",
            "FF06": "20261120120000",
            "FF0A": "156",
            "FF70": "01",
            "FF7F": "touch",
        }
        assert [one.tag for one in parsed][-1] == "FF7F"

    def test_how_it_was_captured_may_be_kept_back(self, sold: Bench, host: Foreign) -> None:
        sold.machine.setup = replace(sold.machine.setup, tell_capture=False)
        sold.run(upload(sold.machine), host.reply())
        assert b"\xff\x7f" not in sold.requests[-1].fields[55]

    @pytest.mark.parametrize("date", [None, "0000"])
    def test_a_sale_without_settlement_date(
        self, signed_on: Bench, host: Foreign, make_order: Orders, date: str | None
    ) -> None:
        signed_on.run(sale(signed_on.machine, make_order(pad=PAD)), approved(host, de15=date, de37="123456123456"))
        signed_on.run(upload(signed_on.machine), host.reply())
        assert 15 not in signed_on.requests[-1].fields
        assert signed_on.state.voucher.feature == "56122662"

    def test_a_reference_number_with_letters(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        signed_on.run(sale(signed_on.machine, make_order(pad=PAD)), approved(host, de37="X12345678901"))
        signed_on.run(upload(signed_on.machine), host.reply())
        assert signed_on.requests[-1].fields[37] == "X12345678901"
        assert not signed_on.state.waiting

    def test_a_swiped_card(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        signed_on.run(sale(signed_on.machine, make_order(pad=PAD, entry="magstripe")), approved(host))
        signed_on.run(upload(signed_on.machine), host.reply())
        fields = signed_on.requests[-1].fields
        assert fields[2] == "6212345678901232"
        assert not {22, 35, 52} & set(fields)
        assert b"\xff\x23" not in fields[55]

    def test_next_year_and_in_another_batch_it_speaks_of_the_sale_as_it_was(
        self, signed_on: Bench, host: Foreign, make_order: Orders
    ) -> None:
        late = replace(make_order(pad=PAD), at=datetime(2026, 12, 31, 23, 59, 58))
        signed_on.run(sale(signed_on.machine, late), approved(host, de12="235959", de13="1231"))
        signed_on.machine.state = replace(signed_on.machine.state, batch="000008")
        early = replace(make_order(), at=datetime(2027, 1, 1, 0, 0, 5))
        signed_on.run(sale(signed_on.machine, early), approved(host, de13="0101"), host.reply())
        sent = signed_on.requests[-1]
        assert sent.fields[60] == "07000007800"
        assert slip_elements.first_text(
            slip_elements.parse_slip_elements(bytes_at(sent, 55), slip_elements.slip_tags(signed_on.setup.dialect)),
            "time",
        ) == ("20261231235959")


class TestWhenItGoesUp:
    def test_after_the_next_sale_but_never_the_newest(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        sold.run(sale(sold.machine, make_order(pad=OTHER)), approved(host), host.reply())
        assert [(one.mti, one.fields[11]) for one in sold.requests[1:]] == [("0200", "000013"), ("0820", "000012")]
        assert [one.receipt.stan for one in sold.state.waiting] == ["000013"]
        assert ended(sold.exchanges[-1]).startswith("← 0830 00 approved · the host has the signature")

    def test_a_declined_sale_is_a_next_one_too(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        sold.run(sale(sold.machine, make_order(pad=OTHER)), host.reply("51"), host.reply())
        assert not sold.state.waiting

    def test_an_unanswered_sale_is_not(self, sold: Bench, host: Foreign, make_order: Orders, silence: Response) -> None:
        sold.run(sale(sold.machine, make_order()), silence, host.reply())
        assert [one.mti for one in sold.requests] == ["0200", "0200", "0400"]

    def test_at_once(self, eager: Bench, host: Foreign, make_order: Orders) -> None:
        result = eager.run(sale(eager.machine, make_order(pad=OTHER)), approved(host), host.reply(), host.reply())
        assert result.signature is Signed.UPLOADED
        assert [one.fields[11] for one in eager.requests[1:]] == ["000013", "000012", "000013"]

    def test_it_is_kept_before_it_goes_up(self, eager: Bench, host: Foreign, make_order: Orders) -> None:
        eager.trace.clear()
        eager.run(sale(eager.machine, make_order(pad=OTHER)), approved(host), host.reply(), host.reply())
        assert eager.trace.index("ask 0820") > eager.trace.index("ended")
        assert eager.trace[eager.trace.index("ended") + 1] == "keep"

    def test_nothing_drawn_is_uploaded_never(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        for _ in range(2):
            signed_on.run(sale(signed_on.machine, make_order()), approved(host))
        assert signed_on.run(upload(signed_on.machine)).outcome is Outcome.DONE

    def test_signing_off_says_what_waits(self, sold: Bench, host: Foreign) -> None:
        result = sold.run(sign_off(sold.machine), host.reply())
        assert result.sentence == "1 signature waits for the upload: 'upload' sends what is kept"
        assert waits(replace(sold.state, waiting=sold.state.waiting * 2)).startswith("2 signatures wait ")

    def test_a_terminal_without_keys_signs_on_first(self, sold: Bench, host: Foreign) -> None:
        sold.machine.state = replace(sold.machine.state, keys=None, signed_on=False)
        assert sold.run(upload(sold.machine), host.sign_on(), host.reply()).signature is Signed.UPLOADED
        assert [one.mti for one in sold.requests[1:]] == ["0800", "0820"]

    def test_without_keys_to_be_had_nothing_is_lost(self, sold: Bench, host: Foreign) -> None:
        sold.machine.state = replace(sold.machine.state, keys=None, signed_on=False)
        result = sold.run(upload(sold.machine), host.short("97"))
        assert (result.outcome, result.signature) == (Outcome.DECLINED, Signed.KEPT)
        assert len(sold.state.waiting) == 1


class TestAnswers:
    """What ends an upload, what does not; §7 of the field's failure modes."""

    def test_a_host_that_has_it_already(self, sold: Bench, host: Foreign) -> None:
        result = sold.run(upload(sold.machine), host.short("94"))
        assert (result.outcome, result.signature, result.code) == (Outcome.APPROVED, Signed.UPLOADED, "94")
        assert not sold.state.waiting

    @pytest.mark.parametrize("code", ["05", "25", "30", "96", "55"])
    def test_a_refusal_after_the_next_sale_waits_for_the_rounds(
        self, sold: Bench, host: Foreign, make_order: Orders, code: str
    ) -> None:
        sold.run(sale(sold.machine, make_order()), approved(host), host.short(code))
        (kept,) = sold.state.waiting
        assert (kept.failed, kept.tries) == (True, 1)
        sold.run(sale(sold.machine, make_order()), approved(host))  # and is not tried after later ones
        assert sold.run(upload(sold.machine), host.short(code), host.reply()).signature is Signed.UPLOADED

    @pytest.mark.parametrize("code", ["05", "25", "30", "96", "55"])
    def test_three_rounds_and_then_paper(self, sold: Bench, host: Foreign, code: str) -> None:
        result = sold.run(upload(sold.machine), *[host.short(code)] * 3)
        assert (result.outcome, result.signature) == (Outcome.DECLINED, Signed.PAPER)
        assert result.sentence == "to be signed on paper, for the signature could not be uploaded: STAN 000012"
        assert [one.receipt.stan for one in sold.slips] == ["000012"]
        assert (sold.slips[0].image, sold.state.waiting, sold.state.voucher.image) == (b"", (), b"")
        assert "电子签名上送失败" in sold.slips[0].receipt.remarks[-1]
        assert sold.trace[-2:] == ["print", "keep"], "printed before it is forgotten"

    def test_silence_fails_it_and_the_till_goes_on(
        self, sold: Bench, host: Foreign, make_order: Orders, silence: Response
    ) -> None:
        result = sold.run(sale(sold.machine, make_order(pad=OTHER)), approved(host), silence)
        assert (result.outcome, result.signature) == (Outcome.APPROVED, Signed.KEPT)
        assert [one.failed for one in sold.state.waiting] == [True, False]
        sold.run(sale(sold.machine, make_order()), approved(host), host.reply())
        assert [one.receipt.stan for one in sold.state.waiting] == ["000012"]

    def test_silence_is_followed_by_no_other_upload(
        self, eager: Bench, host: Foreign, make_order: Orders, silence: Response
    ) -> None:
        eager.run(sale(eager.machine, make_order(pad=OTHER)), approved(host), silence)
        assert [(one.receipt.stan, one.failed) for one in eager.state.waiting] == [("000012", True), ("000013", False)]

    def test_silence_in_every_round(self, sold: Bench, silence: Response) -> None:
        result = sold.run(upload(sold.machine), silence, silence, silence)
        assert (result.outcome, result.signature, len(sold.slips)) == (Outcome.NO_ANSWER, Signed.PAPER, 1)

    def test_no_connection_breaks_it_off(self, sold: Bench, host: Foreign, no_line: Response) -> None:
        result = sold.run(upload(sold.machine), host.short("96"), no_line)
        assert (result.outcome, result.signature) == (Outcome.NOT_SENT, Signed.KEPT)
        assert "1 signature waits for the upload" in result.sentence
        assert sold.state.waiting[0].tries == 1
        assert not sold.slips

    def test_no_connection_after_a_sale_is_no_failure(
        self, sold: Bench, host: Foreign, make_order: Orders, no_line: Response
    ) -> None:
        sold.run(sale(sold.machine, make_order()), approved(host), no_line)
        assert not sold.state.waiting[0].failed
        sold.run(sale(sold.machine, make_order()), approved(host), host.reply())
        assert not sold.state.waiting

    def test_an_approval_without_a_mac(self, sold: Bench, host: Foreign) -> None:
        result = sold.run(upload(sold.machine), host.reply(mac=False), host.short("94"))
        assert sold.exchanges[1].outcome is Outcome.MAC_DIFFERS
        assert result.signature is Signed.UPLOADED

    def test_an_approval_with_a_bad_mac(self, sold: Bench, host: Foreign) -> None:
        other_keys = WorkingKeys(host.keys.pik, Secret.from_hex("313215FDA2C4AB4C"))
        sold.run(upload(sold.machine, 1), host.reply(keys=other_keys))
        assert "is not made with MAK" in sold.exchanges[-1].detail
        assert len(sold.slips) == 1

    @pytest.mark.parametrize(
        ("fields", "detail"),
        [
            ({"de42": "000000000000000"}, "the reply has another mid"),
            ({"de42": None}, "the reply has no mid"),
            ({"de41": None}, "the reply has no tid"),
            ({"de11": None}, "the reply has no STAN"),
            ({"de39": None}, "the reply has no response code"),
            ({"de4": "000000009999"}, "amount of the reply differs"),
        ],
    )
    def test_a_reply_that_does_not_repeat_the_request(
        self, sold: Bench, host: Foreign, fields: dict[str, Any], detail: str
    ) -> None:
        sold.run(upload(sold.machine, 1), host.reply(**fields))
        assert sold.exchanges[-1].outcome is Outcome.MALFORMED
        assert detail in sold.exchanges[-1].detail
        assert len(sold.slips) == 1

    @pytest.mark.parametrize("fields", [{"de11": "000011"}, {"de41": "99999999"}, {"mti": "0210"}, {"mti": "0930"}])
    def test_a_reply_to_something_else(self, sold: Bench, host: Foreign, fields: dict[str, Any]) -> None:
        sold.run(upload(sold.machine, 1), [host.reply(**fields)])
        assert sold.exchanges[-1].outcome is Outcome.NO_ANSWER
        assert "left aside" in sold.exchanges[-1].notes[0]

    def test_late_answers_are_taken_for_nothing_else(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        late: list[bytes] = []

        def too_late(request: Any) -> bytes:
            late.append(host.reply()(request))
            return host.reply(de11="999999")(request)

        sold.run(sale(sold.machine, make_order()), approved(host), [too_late])
        assert sold.state.waiting[0].failed
        result = sold.run(echo(sold.machine), [late[0], host.reply()])
        assert result.outcome is Outcome.APPROVED
        assert "function 800 was left aside" in sold.exchanges[-1].notes[0]
        assert sold.run(sale(sold.machine, make_order()), [late[0], approved(host)]).outcome is Outcome.APPROVED
        assert sold.state.waiting, "an answer that came to something else uploads nothing"

    @pytest.mark.parametrize("code", ["A0", "77", "99"])
    def test_when_it_is_to_sign_on_it_does_and_uploads_under_the_new_keys(
        self, sold: Bench, host: Foreign, code: str
    ) -> None:
        result = sold.run(upload(sold.machine), host.short(code), host.sign_on(), host.reply())
        assert result.signature is Signed.UPLOADED
        assert [one.mti for one in sold.requests[1:]] == ["0820", "0800", "0820"]

    def test_rounds_go_over_all_that_waits(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        sold.run(sale(sold.machine, make_order(pad=OTHER)), approved(host), host.short("96"))
        answers = [host.short("96"), host.reply(), host.short("96"), host.reply()]
        assert sold.run(upload(sold.machine, 3), *answers).signature is Signed.UPLOADED
        assert [one.fields[11] for one in sold.requests[-4:]] == ["000012", "000013", "000012", "000012"]


class TestParts:
    @pytest.fixture
    def cut(self, sold: Bench) -> Bench:
        sold.machine.setup = replace(sold.machine.setup, part_bytes=140)
        return sold

    def test_a_long_signature_is_cut(self, cut: Bench, host: Foreign) -> None:
        image = cut.state.waiting[0].image
        assert 280 < len(image) <= 420
        assert cut.run(upload(cut.machine), host.reply(), host.reply(), host.reply()).signature is Signed.UPLOADED
        parts = cut.requests[1:]
        assert [one.fields[60] for one in parts] == ["07000007801", "080000078028", "080000078039"]
        assert b"".join(bytes_at(one, 62) for one in parts) == image
        assert all({2, 4, 11, 15, 37, 41, 42, 55, 64} < set(one.fields) for one in parts)
        assert len({one.fields[11] for one in parts}) == 1

    def test_one_that_fits_is_not(self, cut: Bench, host: Foreign) -> None:
        cut.machine.setup = replace(cut.machine.setup, part_bytes=len(cut.state.waiting[0].image))
        cut.run(upload(cut.machine), host.reply())
        assert cut.requests[-1].fields[60] == "07000007800"

    def test_after_a_refused_part_the_next_round_begins_again(self, cut: Bench, host: Foreign) -> None:
        answers = [host.reply(), host.short("96"), host.reply(), host.short("94"), host.reply()]
        assert cut.run(upload(cut.machine), *answers).signature is Signed.UPLOADED
        assert [one.fields[60][8:11] for one in cut.requests[1:]] == ["801", "802", "801", "802", "803"]

    def test_the_late_answer_to_one_part_is_none_to_the_next(self, cut: Bench, host: Foreign) -> None:
        late: list[bytes] = []

        def first(request: Any) -> bytes:
            late.append(host.reply()(request))
            return late[0]

        again: list[Step] = [lambda _: late[0], host.reply()]
        assert cut.run(upload(cut.machine), first, again, host.reply()).signature is Signed.UPLOADED
        assert "function 801 was left aside" in cut.exchanges[-2].notes[0]


class TestSigningAgain:
    def test_what_was_drawn_before_is_replaced(self, sold: Bench, host: Foreign) -> None:
        before = sold.state.waiting[0].image
        result = sold.run(sign(sold.machine, Again(OTHER)))
        assert (result.outcome, result.signature) == (Outcome.DONE, Signed.KEPT)
        (kept,) = sold.state.waiting
        assert kept.image != before
        assert (kept.capture, kept) == ("pen", sold.state.voucher)

    def test_at_once(self, eager: Bench, host: Foreign) -> None:
        assert eager.run(sign(eager.machine, Again(OTHER)), host.reply()).signature is Signed.UPLOADED
        result = eager.run(sign(eager.machine, Again(PAD)), host.short("94"))  # in a closed batch, say
        assert (result.outcome, result.code, result.signature) == (Outcome.APPROVED, "94", Signed.UPLOADED)

    def test_at_once_and_refused(self, eager: Bench, host: Foreign) -> None:
        result = eager.run(sign(eager.machine, Again(OTHER)), host.short("96"))
        assert (result.outcome, result.signature) == (Outcome.DECLINED, Signed.FAILED)

    def test_an_earlier_sale_whose_signature_waits(self, sold: Bench, host: Foreign, make_order: Orders) -> None:
        sold.run(sale(sold.machine, make_order(pad=PAD)), approved(host), host.short("96"))
        assert sold.run(sign(sold.machine, Again(OTHER, "000012", "000007"))).signature is Signed.KEPT
        assert [(one.receipt.stan, one.capture, one.failed) for one in sold.state.waiting] == [
            ("000013", "touch", False),
            ("000012", "pen", False),
        ]

    def test_a_sale_without_a_signature(self, signed_on: Bench, host: Foreign, make_order: Orders) -> None:
        signed_on.run(sale(signed_on.machine, make_order()), approved(host))
        assert signed_on.run(sign(signed_on.machine, Again(PAD))).signature is Signed.KEPT

    @pytest.mark.parametrize("again", [Again(PAD, "000099"), Again(PAD, "000012", "000001")])
    def test_a_sale_that_is_unknown(self, sold: Bench, again: Again) -> None:
        result = sold.run(sign(sold.machine, again))
        assert result.outcome is Outcome.REFUSED
        assert result.sentence == f"nothing is kept of STAN {again.stan} that could be signed"

    def test_no_sale_at_all(self, signed_on: Bench) -> None:
        assert signed_on.run(sign(signed_on.machine, Again(PAD))).sentence == (
            "nothing is kept of a sale that could be signed"
        )


def test_a_terminal_that_keeps_no_more_prints_a_slip(sold: Bench, host: Foreign, make_order: Orders) -> None:
    profile = sold.setup.terminal_profile
    assert profile is not None
    assert profile.signature is not None
    keeps_one = replace(profile, signature=replace(profile.signature, keeps=1))
    dialect = CompiledDialect(replace(sold.setup.dialect, read_terminal_profile=lambda: keeps_one))
    sold.machine.setup = replace(sold.machine.setup, compiled=dialect)
    result = sold.run(sale(sold.machine, make_order(pad=OTHER)), approved(host), host.short("96"))
    assert result.signature is Signed.PAPER
    assert result.sentence == "to be signed on paper: of signatures that wait for their upload, no more than 1 are kept"
    assert [one.receipt.stan for one in sold.slips] == ["000013"]
    assert [one.receipt.stan for one in sold.state.waiting] == ["000012"]


def test_a_damaged_picture_goes_to_paper_and_takes_no_other_with_it(
    sold: Bench, host: Foreign, make_order: Orders
) -> None:
    sold.run(sale(sold.machine, make_order(pad=OTHER)), approved(host), host.short("96"))
    first, second = sold.state.waiting
    sold.machine.state = replace(sold.machine.state, waiting=(replace(first, image=b"", values={}), second))
    result = sold.run(upload(sold.machine), host.reply())
    assert result.signature is Signed.PAPER
    assert [one.receipt.stan for one in sold.slips] == ["000012"]
    assert not sold.state.waiting
