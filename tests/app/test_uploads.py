"""Signatures over real TCP, to a host of another make that shares nothing with ours but the published keys."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import AsyncTerminal, Terminal
from acquirer.dialect.suite import Suite
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import load_dialect
from acquirer.signature.jbig_decoder import decode_jbig
from acquirer.terminal.exchange import Outcome, Signed
from acquirer.testing import RunningHost, running_host
from acquirer.wire.deframer import make_deframer
from acquirer.wire.message import Message, Value

PINNED = "10000162"
DIALECT = load_dialect("unionpay-pos")
SUITE = Suite(DIALECT)
KEYS = WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))


class SignatureHost:
    """A host that takes signatures and gives the answers of a list; None is silence."""

    def __init__(self, answers: list[str | None]) -> None:
        self.answers = answers
        self.requested: list[Message] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer:
                self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        deframer = make_deframer(DIALECT.framing)
        while data := peer.recv(4096):
            deframer.feed(data)
            for frame in deframer:
                self.requested.append(DIALECT.decode(frame))
                if code := self.answers.pop(0):
                    peer.sendall(DIALECT.framing.wrap(self._reply(self.requested[-1], code)))

    @staticmethod
    def _reply(requested: Message, code: str) -> bytes:
        fields: dict[int, Value] = {de: requested.fields[de] for de in (11, 37, 41, 42, 60)} | {39: code}
        if code != "00":
            return DIALECT.encode("0830", fields)
        return SUITE.seal(KEYS, DIALECT.encode("0830", fields | {64: bytes(8)}))


@pytest.fixture
def signature_host() -> Iterator[Callable[..., SignatureHost]]:
    hosts: list[SignatureHost] = []

    def make(*answers: str | None) -> SignatureHost:
        hosts.append(SignatureHost(list(answers)))
        return hosts[-1]

    yield make
    for one in hosts:
        one.stop()


@pytest.fixture(scope="module")
def host() -> Iterator[RunningHost]:
    with running_host() as running:
        yield running


@pytest.fixture
def till(host: RunningHost, tmp_path: Path) -> Path:
    """The state of a terminal that has sold and signed once; the working keys are the published ones."""
    with Terminal(PINNED, host=host.address, state=tmp_path) as terminal:
        terminal.sign_on()
        assert terminal.sale("12.34", sign="Zhang San").signature is Signed.KEPT
    return tmp_path


def test_a_kept_signature_goes_up(till: Path, signature_host: Callable[..., SignatureHost]) -> None:
    other = signature_host("00")
    with Terminal(PINNED, host=other.address, state=till) as terminal:
        drawn = terminal.state.waiting[0].image
        result = terminal.upload()
    assert (result.outcome, result.signature) == (Outcome.APPROVED, Signed.UPLOADED)
    assert other.requested[0].fields[62] == drawn
    assert SUITE.verify_message(KEYS, other.requested[0])
    with Terminal(PINNED, host=other.address, state=till) as terminal:
        assert not terminal.state.waiting
        assert decode_jbig(terminal.state.voucher.image).bitmap.black() > 100  # for a reprint


def test_in_parts_on_one_connection(till: Path, signature_host: Callable[..., SignatureHost]) -> None:
    other = signature_host(*["00"] * 9)
    with Terminal(PINNED, host=other.address, state=till, sign_parts=100, keep_open=True) as terminal:
        drawn = terminal.state.waiting[0].image
        assert terminal.upload().signature is Signed.UPLOADED
    assert len(other.requested) == -(-len(drawn) // 100)
    pieces: list[Any] = [one.fields[62] for one in other.requested]
    assert b"".join(pieces) == drawn


@pytest.mark.slow
def test_silence_refusal_and_then_success(till: Path, signature_host: Callable[..., SignatureHost]) -> None:
    other = signature_host(None, "96", "94")
    with Terminal(PINNED, host=other.address, state=till, timeout_s=2.0) as terminal:
        result = terminal.upload()
    assert [one.outcome for one in result.exchanges] == [Outcome.NO_ANSWER, Outcome.DECLINED, Outcome.DECLINED]
    assert (result.outcome, result.signature) == (Outcome.APPROVED, Signed.UPLOADED)


def test_asyncio_prints_what_cannot_go_up(till: Path, signature_host: Callable[..., SignatureHost]) -> None:
    other = signature_host("30", "55")
    printed = []

    class Watch:
        def began(self, exchange: object) -> None: ...
        def ended(self, exchange: object) -> None: ...
        def printed(self, voucher: object) -> None:
            printed.append(voucher)

    async def settle() -> tuple[Signed | None, tuple[object, ...]]:
        async with AsyncTerminal(PINNED, host=other.address, state=till, watch=Watch()) as terminal:
            result = await terminal.upload(rounds=2)
            return result.signature, result.slips

    became, slips = asyncio.run(settle())
    assert became is Signed.PAPER
    assert list(slips) == printed
    assert len(printed) == 1


def test_asyncio_signs_again(till: Path, signature_host: Callable[..., SignatureHost]) -> None:
    other = signature_host("00")

    async def again() -> Signed | None:
        async with AsyncTerminal(PINNED, host=other.address, state=till, sign_upload="at-once") as terminal:
            return (await terminal.sign("Li Wei", mode="fingerprint")).signature

    assert asyncio.run(again()) is Signed.UPLOADED
    assert b"fingerprint" in other.requested[0].fields[55]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("route", "terminal", "mti", "type_and_function", "absent"),
    [
        ('mti = "0820"\nwhen.function = "301"', "slip = []", "0820", "07000001301", {55}),
        (
            'mti = "0900"\nwhen.function = false',
            'slip = []\ncarries = ["amount", "rrn"]',
            "0900",
            "07000001",
            {2, 15, 55},
        ),
        ('mti = "0920"\nwhen.function = false', 'repeats = ["stan"]', "0920", "07000001", set()),
    ],
)
def test_other_acquirers_forms(
    till: Path,
    signature_host: Callable[..., SignatureHost],
    tmp_path: Path,
    route: str,
    terminal: str,
    mti: str,
    type_and_function: str,
    absent: set[int],
) -> None:
    dialect = tmp_path / "other.toml"
    dialect.write_text(
        'dialect = "other"\nextends = "unionpay-pos"\n[mtis]\n0900 = "signature"\n0920 = "signature"\n'
        "[routes]\necho = false\nsignature_part = false\n"
        f"[routes.signature]\n{route}\n[terminal.signature]\n{terminal}\n"
    )
    other = signature_host(None)
    with Terminal(PINNED, host=other.address, state=till, dialect=str(dialect), timeout_s=2.0) as terminal_:
        terminal_.upload(rounds=1)
    requested = other.requested[0]
    assert (requested.mti, requested.fields[60]) == (mti, type_and_function)
    assert not absent & set(requested.fields)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sign_upload": "soon"}, "write after-next or at-once"),
        ({"sign_parts": 99}, "a part has 100 to 900 bytes, not 99: 9 of them hold the longest signature"),
        ({"sign_parts": 901}, "not 901"),
        ({"no_sign_limit": "much"}, "'much' is no amount"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Terminal(PINNED, **options)
