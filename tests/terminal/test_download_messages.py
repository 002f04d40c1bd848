"""Downloads against a host of another make: the requests that were published, and replies that no good host sends."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acquirer.terminal.download import download
from acquirer.terminal.download_steps import ask
from acquirer.terminal.effects import Ask, Program, Received, Response
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.fetch_master_key import download_master_key
from acquirer.terminal.sign_on import echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.terminal.conftest import Bench, Foreign

PAGE = Path(__file__).parents[1] / "dialects/unionpay_messages.toml"
MESSAGES: list[dict[str, Any]] = tomllib.loads(PAGE.read_text(encoding="utf-8"))["message"]
PUBLISHED = {one["title"]: bytes.fromhex("".join(one["hex"].split()))[2:] for one in MESSAGES if "captured" not in one}
RSA_KEY = "RSA key for the master key"


def answered(title: str) -> bytes:
    """The published reply to a request; one that has none is answered like the end of the keys."""
    function = PUBLISHED[title][-2:]  # the last digits of DE 60
    return PUBLISHED.get(f"{title} reply", PUBLISHED["CAPK download end reply"][:-2] + function)


class Published:
    """Answers the requests that were published, byte for byte, with their replies; any other one gets no answer."""

    def __init__(self, silence: Response) -> None:
        self.silence = silence
        self.titles: list[str] = []

    def run(self, program: Program[Any]) -> Any:
        answer: Response | None = None
        while True:
            try:
                effect = program.send(answer)
            except StopIteration as end:
                return end.value
            answer = self._answer(effect.frame) if isinstance(effect, Ask) else None

    def _answer(self, request: bytes) -> Response:
        title = next((name for name, frame in PUBLISHED.items() if frame == request), "")
        self.titles.append(title)
        return Received(answered(title), 1000) if title else self.silence


@pytest.fixture
def host_of(silence: Response) -> Published:
    return Published(silence)


@pytest.fixture
def published(make_bench: Callable[..., Bench]) -> Bench:
    """A terminal with the numbers of the published messages."""
    bench = make_bench(tid="58402001", mid="302440380621100")
    bench.machine.state = replace(bench.machine.state, batch="000123")
    return bench


def test_parameters(published: Bench, host_of: Published) -> None:
    assert host_of.run(download(published.machine, ("parameters",))).ok
    assert host_of.titles == ["Parameter download", "Parameter download end"]
    assert published.machine.state.downloaded.parameters["merchant_name"] == "测试商户"


@pytest.mark.parametrize(
    ("kind", "titles"),
    [
        ("status", ["Status upload"]),
        ("contactless", ["Contactless parameters", ""]),  # the ends of these were not published
        ("bins", ["BIN table B", ""]),
        ("blacklist", ["Blacklist", ""]),
        ("capk", ["CAPK query", ""]),  # of the list, one key was: the second one
        ("aid", ["AID query", "AID download", ""]),
    ],
)
def test_a_request_is_built_as_it_was_published(
    published: Bench, host_of: Published, kind: Any, titles: list[str]
) -> None:
    host_of.run(download(published.machine, (kind,)))
    assert host_of.titles == titles


def test_the_other_requests_are_too(published: Bench, host_of: Published) -> None:
    for service, content, title in (
        ("capk", bytes.fromhex("9F0605A0000003339F22010A"), "CAPK download"),
        ("capk_end", b"", "CAPK download end"),
        ("aid_end", b"", "AID download end"),
    ):
        host_of.run(ask(published.machine, service, content))
        assert host_of.titles[-1] == title
    for program, title in ((echo(published.machine), "Echo"), (download_master_key(published.machine), RSA_KEY)):
        host_of.run(program)
        assert title in host_of.titles


class TestHostileReplies:
    def test_a_list_that_never_ends(self, bench: Bench, host: Foreign) -> None:
        entry = bytes.fromhex("9F0605A0000003339F220108") * 10
        page = host.reply(keep=(41, 42, 60), de62=b"2" + entry)
        script = [page] * 10 + [host.short("96")]
        result = bench.run(download(bench.machine, ("capk",)), *script)
        assert (
            result.outcome is Outcome.DECLINED
        )  # it asked for ten pages, a hundred entries, and then for the first key
        assert [one.fields.get(62) for one in bench.requests[:3]] == [b"100", b"110", b"120"]
        assert bench.state.downloaded.pending == ("capk",)

    def test_numbers_that_do_not_go_up(self, bench: Bench, host: Foreign) -> None:
        page = host.reply(keep=(41, 42, 60), de62=b"200116622000")
        result = bench.run(download(bench.machine, ("bins",)), page, page)
        assert result.outcome is Outcome.MALFORMED
        assert "DE 62 says that its last entry is 001, and 001 were there before" in result.sentence

    @pytest.mark.parametrize(
        ("kind", "content", "problem"),
        [
            ("parameters", b"99", "DE 62 code 99 is not known, and neither is how long its value is"),
            ("capk", b"x", "DE 62 begins with 78, and 0, 1, 2 or 3 belongs there, as a character"),
            ("aid", b"1\x9f", "DE 62 is no data with tags: the data ends within a tag"),
            ("contactless", b"FF805D0021", "tag FF805D says 2 bytes follow, but 1 is left"),
            ("bins", b"1", "DE 62 has no number of its last entry"),
            ("blacklist", b"1001161234", "DE 62 its entries cannot be read: tag 16 says 16 bytes follow"),
            ("rates", b"840156", "DE 62 has 6 bytes, and each rate has 14 digits"),
        ],
    )
    def test_what_is_none(self, bench: Bench, host: Foreign, kind: Any, content: bytes, problem: str) -> None:
        result = bench.run(download(bench.machine, (kind,)), host.reply(keep=(41, 42, 60), de62=content))
        assert result.outcome is Outcome.MALFORMED
        assert problem in result.sentence
        assert bench.state.downloaded.fetched == {}

    def test_another_key_than_the_requested_one(self, bench: Bench, host: Foreign) -> None:
        reply = next(one for one in MESSAGES if one["title"].startswith("CAPK download reply"))
        listed = host.reply(keep=(41, 42, 60), de62=bytes.fromhex("319F0605A0000003339F220108"))
        key = host.reply(keep=(41, 42, 60), de62=bytes.fromhex(reply["fields"]["62"]))
        end = host.reply(keep=(41, 42, 60))
        result = bench.run(download(bench.machine, ("capk",)), listed, key, end)
        assert result.sentence == (
            "0 CA public keys kept; CA public key A000000333/0A came for A000000333/08: not kept"
        )
        assert bench.state.downloaded.keys == ()

    def test_an_end_that_is_refused_keeps_nothing(self, bench: Bench, host: Foreign) -> None:
        parameters = host.reply(keep=(41, 42, 60), de62=b"1230")
        result = bench.run(download(bench.machine, ("parameters",)), parameters, host.short("96"))
        assert result.outcome is Outcome.DECLINED
        assert bench.state.downloaded.parameters == {}
        assert bench.state.downloaded.pending == ("parameters",)
