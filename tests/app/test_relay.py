"""A relay between a terminal and a host that are scripted here: what it passes on, and what it keeps of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acquirer.app.relay_connection import MOST_WAITING
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import Value
from tests.app.relay_line import DIALECT, ECHO, WRAP, answer, line, message, sale


def test_requests_and_their_replies_are_one_exchange_each(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            assert await both.ask(sale("000001")) == sale("000001")
            assert await both.reply(answer("000001", "00")) == answer("000001", "00")
            await both.ask(sale("000002"))
            await both.reply(answer("000002", "51"))
            first, second = await both.end()
            assert (first.service, first.stan, first.code, first.reason) == ("sale", "000001", "00", "approved")
            assert (first.why, first.delivery, first.rrn) == ("approved by the host", "sent", "123456789012")
            assert (first.amount_minor, first.pan_masked) == (1234, "621234******1232")
            assert first.request["2"] == "621234******1232"
            assert (second.code, second.reason) == ("51", "declined")
            assert second.why.startswith("declined by the host: ")
            assert second.reply is not None
            assert second.reply["39"] == "51"

    asyncio.run(converse())


def test_replies_find_their_requests_in_any_order(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            await both.ask(sale("000001") + sale("000002") + sale("000003"))
            await both.reply(answer("000003", "51") + answer("000001", "00") + answer("000002", "55"))
            entries = await both.end()
            assert sorted((one.stan, one.code) for one in entries) == [
                ("000001", "00"),
                ("000002", "55"),
                ("000003", "51"),
            ]

    asyncio.run(converse())


def test_another_terminals_reply_answers_nothing(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            await both.ask(sale("000001"))
            await both.reply(answer("000001", "00", tid="10000162"))
            stray, request = await both.end()
            assert (stray.reason, stray.reply_mti, stray.tid) == ("stray_reply", "0210", "10000162")
            assert stray.notes == ("sent by the host",)
            assert (request.reason, request.code, request.reply) == ("unanswered", "", None)
            assert request.why == "no reply came before the connection ended: closed by both sides"

    asyncio.run(converse())


def test_what_is_never_answered_is_kept_as_that_once_its_time_is_over(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path, patience_s=0.001) as both:
            await both.ask(sale("000001"))
            while not both.entries():
                both.relay.journal.look()
                await asyncio.sleep(0)
            await both.reply(answer("000001", "00"))
            unanswered, late = await both.end()
            assert (unanswered.reason, unanswered.why) == ("unanswered", "no reply came within 0.001 s")
            assert (late.reason, late.stan) == ("stray_reply", "000001")

    asyncio.run(converse())


def test_a_host_may_ask_too(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            await both.reply(message("0820", ECHO))
            await both.ask(message("0830", {**ECHO, 39: "00"}))
            (entry,) = await both.end()
            assert (entry.mti, entry.reply_mti, entry.code) == ("0820", "0830", "00")
            assert entry.why == "approved by the terminal"
            assert entry.notes == ("sent by the host",)

    asyncio.run(converse())


def test_a_message_that_cannot_be_decoded_is_passed_on_and_kept_as_that(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            broken = WRAP(DIALECT.encode("0200", {11: "000001", 41: "10000161"})[:-3])
            assert await both.ask(broken) == broken
            assert await both.reply(answer("000001", "30")) == answer("000001", "30")
            assert await both.ask(WRAP(b"\xff" * 30)) == WRAP(b"\xff" * 30)
            assert await both.ask(sale("000002")) == sale("000002")
            first, second, third = sorted(await both.end(), key=lambda one: one.at_us)
            assert (first.stan, first.code, first.mti) == ("000001", "30", "0200")
            assert "the request cannot be decoded: " in first.why
            assert first.failure
            assert (second.reason, second.request) == ("undecodable", {})
            assert (third.stan, third.reason) == ("000002", "unanswered")

    asyncio.run(converse())


def test_a_reply_that_cannot_be_decoded_answers_its_request(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            await both.ask(sale("000001"))
            cut = DIALECT.encode("0210", {11: "000001", 39: "00", 41: "10000161", 42: "880210010210162"})[:-4]
            assert await both.reply(WRAP(cut)) == WRAP(cut)
            (entry,) = await both.end()
            assert entry.reason == "undecodable_reply"
            assert entry.why.startswith("the reply of the host cannot be decoded: ")

    asyncio.run(converse())


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"GET / HTTP/1.1\r\n\r\n", "not-iso8583"), (b"\xff\xff and more", "too-long"), (b"\x00\x99\x60", "cut-off")],
)
def test_what_is_no_frame_is_passed_on_and_kept_as_that(data: bytes, reason: str, tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            assert await both.ask(data) == data
            assert await both.reply(b"what the host says to that") == b"what the host says to that"
            kept = [entry.why for entry in await both.end() if entry.reason == reason]
            assert any(why.startswith("the terminal sent what is no frame: ") for why in kept)

    asyncio.run(converse())


def test_another_dialect_is_named_by_what_its_bytes_look_like(tmp_path: Path) -> None:
    async def converse() -> None:
        other = load_dialect("iso8583-1987-ascii")
        fields: dict[int, Value] = {3: "000000", 4: "000000001234", 7: "0102080000", 11: "000001", 41: "10000161"}
        async with line(tmp_path) as both:
            data = other.framing.wrap(other.encode("0200", fields))
            assert await both.ask(data) == data
            (kept,) = await both.end()
        assert kept.reason in ("too-long", "short-frame", "bad-length", "cut-off", "undecodable")
        assert any("4-digit ASCII length" in note and "--dialect names what is spoken" in note for note in kept.notes)

    asyncio.run(converse())


def test_of_too_many_that_wait_the_oldest_is_given_up(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            for number in range(MOST_WAITING + 1):
                await both.ask(sale(f"{number:06}"))
            (entry,) = both.entries()
            assert (entry.stan, entry.why) == ("000000", f"no reply came when {MOST_WAITING} later requests waited")

    asyncio.run(converse())


def test_a_store_that_fails_stops_no_bytes(tmp_path: Path) -> None:
    async def converse() -> None:
        async with line(tmp_path) as both:
            for path in tmp_path.glob("relay.db*"):
                path.unlink()
            both.relay.journal.look()
            assert both.relay.journal.fatal_error
            assert await both.ask(sale("000001")) == sale("000001")
            assert await both.reply(answer("000001", "00")) == answer("000001", "00")

    asyncio.run(converse())
