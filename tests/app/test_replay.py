"""Recorded requests sent again: sealed under other keys, with other numbers, in several dialects, to other hosts."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.dialects import served_dialect
from acquirer.app.journal_recording import rebuilt_exchange
from acquirer.app.recording import Recording, RecordingError, read_recording
from acquirer.app.replay import ReplayOptions, SignOnFailedError, replay
from acquirer.app.replaying import ReplayedExchange
from acquirer.app.resealing import RENEWABLE, Renewal
from acquirer.app.terminal import Terminal
from acquirer.app.terminal_connection import address
from acquirer.inspect.trace_text import read_trace
from acquirer.settings.cards import load_cards
from acquirer.settings.held_cards import card_entry, held_card
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.testing import running_host
from tests.app.relayed import DIALECTS

ALL = frozenset(RENEWABLE)
KEYS = [dialect for dialect in DIALECTS if dialect != "iso8583-1987-plain"]


def recorded(tmp_path: Path, day: Callable[[Terminal], None], dialect: str = "unionpay-pos", **host: Any) -> Recording:
    """Return the recording of what a terminal does at a host."""
    trace = tmp_path / "host.trace"
    with (
        running_host(dialect=dialect, trace=trace, **host) as running,
        Terminal("10000161", host=running.address, dialect=dialect, state=None) as terminal,
    ):
        day(terminal)
    return read_recording(trace.read_bytes(), [load_dialect(dialect)])


def a_day(terminal: Terminal) -> None:
    terminal.sale("12.34")
    terminal.sale("20.00", card="poor")
    terminal.sale("5.00", entry="magstripe", card="pin", pin="123456")
    terminal.reverse()


def replayed(recording: Recording, host: str, **options: Any) -> list[ReplayedExchange]:
    found = replay(served_dialect(recording.dialect.name), recording, ReplayOptions(address(host), **options))
    return list(found)


def differing(found: list[ReplayedExchange]) -> list[str]:
    return [
        sentence
        for one in found
        for sentence in [*one.problems, *(each.sentence("now", "recorded") for each in one.differences if each.counts)]
    ]


@pytest.mark.parametrize("dialect", KEYS)
def test_a_day_sent_to_a_fresh_host_is_answered_as_it_was(dialect: str, tmp_path: Path) -> None:
    """Its keys are others: MACs, PIN blocks and tracks of the recording would all be refused."""
    recording = recorded(tmp_path, a_day, dialect)
    with running_host(dialect=dialect) as host:
        found = replayed(recording, host.address)
        assert [one.notes for one in found if one.notes] == []
        assert differing(found) == []
        assert len(found) == len(recording.exchanges) >= 4
        codes = [entry.code for entry in host.journal.list()]
        assert codes == [one.recorded.entry.code for one in found]


@pytest.mark.parametrize("dialect", KEYS)
def test_a_day_sent_twice_with_new_numbers_is_booked_twice(dialect: str, tmp_path: Path) -> None:
    recording = recorded(tmp_path, a_day, dialect)
    with running_host(dialect=dialect) as host:
        assert differing(replayed(recording, host.address)) == []
        booked = len(host.transactions)
        assert differing(replayed(recording, host.address, renewal=Renewal(ALL))) == []
        assert len(host.transactions) == 2 * booked
        stans = [one.key.stan for one in host.transactions]
        assert len(set(stans)) == len(stans)


def test_what_follows_names_the_numbers_of_the_new_host(tmp_path: Path) -> None:
    """A void by STAN, a refund by reference number and date, a completion by authorisation code."""

    def day(terminal: Terminal) -> None:
        terminal.sale("1.00")
        terminal.void()
        terminal.sale("12.34")
        terminal.refund()
        terminal.pre_auth("100.00")
        terminal.complete("50.00")
        terminal.sale("2.00")
        terminal.reverse()

    recording = recorded(tmp_path, day)
    with running_host() as host, Terminal("10000161", host=host.address, state=None) as other:
        for _ in range(5):
            other.sale("3.00")  # so that its reference numbers are others
        found = replayed(recording, host.address, renewal=Renewal(ALL, first_stan=500))
        assert differing(found) == []
        assert [one.sent and load_dialect("unionpay-pos").text(one.sent, "stan") for one in found[1:3]] == [
            "000501",
            "000502",
        ]
        states = [one.state for one in host.transactions[5:]]
        assert states == ["voided", "approved", "refunded", "approved", "completed", "approved", "reversed"]


def test_bytes_that_need_nothing_new_stay_as_they_were(tmp_path: Path) -> None:
    def day(terminal: Terminal) -> None:
        terminal.sign_on()
        terminal.echo()

    recording = recorded(tmp_path, day)
    with running_host() as host:
        found = replayed(recording, host.address)
    assert [one.sent.raw for one in found if one.sent] == [
        one.request.frame for one in recording.exchanges if one.request
    ]


def test_terminals_of_the_two_hosts_may_have_other_master_keys(tmp_path: Path) -> None:
    text = "[[terminal]]\ntid = '10000161'\nmid = '880210010210162'\ntmk = '{}'\n"
    here, there = tmp_path / "here.toml", tmp_path / "there.toml"
    there.write_text(text.format("0123456789ABCDEF1122334455667788"))
    here.write_text(text.format("FEDCBA98765432101122334455667788"))
    trace = tmp_path / "host.trace"
    with (
        running_host(trace=trace, terminals=there) as host,
        Terminal("10000161", host=host.address, terminals=str(there), state=None) as terminal,
    ):
        a_day(terminal)
    recording = read_recording(trace.read_bytes(), [load_dialect("unionpay-pos")])
    with running_host(terminals=here) as host:
        found = replayed(recording, host.address, terminals=here, recorded_terminals=there)
        assert differing(found) == []
    with running_host(terminals=here) as host:  # under wrong keys, it is said why
        found = replayed(recording, host.address, terminals=here)
        assert any(
            "the working keys of the recorded reply cannot be used: PIK KCV differs" in note for note in found[0].notes
        )
        assert any(note.startswith("its PIN block is the recorded one") for one in found for note in one.notes)


def test_a_recording_without_its_sign_on_signs_on_first(tmp_path: Path) -> None:
    recording = recorded(tmp_path, a_day)
    sign_on, *others = recording.exchanges
    cut = Recording(recording.dialect, others, others=[sign_on])
    with running_host() as host:
        found = replayed(cut, host.address)
        assert found[0].reply is not None
        assert load_dialect("unionpay-pos").text(found[0].reply, "code") == "77"
        found = replayed(cut, host.address, sign_on=True, renewal=Renewal(ALL, first_stan=100))
        assert differing(found) == []
        assert [entry.service for entry in host.journal.list()][-len(others) - 1] == "sign_on"
        unknown = tmp_path / "none.toml"
        unknown.write_text(
            f"[[terminal]]\ntid = '99999999'\nmid = '880210010210162'\ntmk = '{'0123456789ABCDEF' * 2}'\n"
        )
        with pytest.raises(SignOnFailedError, match="terminal 10000161 cannot sign on: name its master key"):
            replayed(cut, host.address, sign_on=True, terminals=unknown)


def in_forms(trace: bytes) -> dict[str, bytes]:
    """Return a trace in forms in which people have captures."""
    frames = read_trace(trace)
    return {
        "trace": trace,
        "hex lines": b"\n".join(frame.data.hex().encode() for frame in frames),
        "log": b"\n".join(
            f"2026-01-02 08:00:{number:02} DEBUG sent: {frame.data.hex().upper()}".encode()
            for number, frame in enumerate(frames)
        ),
        "base64": b"\n".join(base64.b64encode(frame.data) for frame in frames),
        "messages alone": b"\n".join(frame.data[13:].hex().encode() for frame in frames),  # no length, TPDU, head
        "json": json.dumps([{"data": frame.data.hex()} for frame in frames]).encode(),
    }


@pytest.mark.parametrize("form", ["trace", "hex lines", "log", "base64", "json", "messages alone"])
@pytest.mark.parametrize("named", [True, False])
def test_captures_of_every_form_are_sent_again(form: str, named: bool, tmp_path: Path) -> None:
    trace = tmp_path / "host.trace"
    recorded(tmp_path, lambda terminal: (terminal.sign_on(), terminal.sale("12.34", pin="123456"), None)[-1])
    names = ["unionpay-pos"] if named else dialect_names()
    recording = read_recording(in_forms(trace.read_bytes())[form], [load_dialect(name) for name in names])
    assert recording.dialect.name == "unionpay-pos"
    assert [(one.entry.service, one.entry.code) for one in recording.exchanges] == [("sign_on", "00"), ("sale", "00")]
    with running_host() as host:
        assert differing(replayed(recording, host.address)) == []


def test_packets_are_sent_again(tmp_path: Path) -> None:
    trace = tmp_path / "host.pcapng"
    with running_host(trace=trace) as host, Terminal("10000161", host=host.address, state=None) as terminal:
        a_day(terminal)
    recording = read_recording(trace.read_bytes(), [load_dialect(name) for name in dialect_names()])
    with running_host() as host:
        assert differing(replayed(recording, host.address)) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"no message at all", "holds no message that can be read"),
        (b"# acquirer trace: raw frames both ways, nothing is masked\n\n", "is a trace of no frame"),
        (b"\x0a\x0d\x0d\x0a\x00\x00", "."),
    ],
)
def test_what_is_no_recording_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(RecordingError, match=sentence):
        read_recording(data, [load_dialect("unionpay-pos")])


def test_an_exchange_of_the_journal_needs_test_data(tmp_path: Path) -> None:
    dialect = load_dialect("unionpay-pos")
    with running_host() as host, Terminal("10000161", host=host.address, state=None) as terminal:
        terminal.sign_on()
        terminal.sale("12.34", pin="123456")
        terminal.echo()
        sale, echo = host.journal.list()[1:]
    with pytest.raises(
        RecordingError, match=r"the journal hides DE 2 .* of exchange 2: give the trace .* or the test data"
    ):
        rebuilt_exchange(sale, dialect, None)
    with pytest.raises(
        RecordingError, match="is of card 621234\\*\\*\\*\\*\\*\\*1232, and the test data are of 620000"
    ):
        rebuilt_exchange(sale, dialect, held_card(card_entry("poor", load_cards())))
    with pytest.raises(RecordingError, match="the journal hides DE 52"):
        rebuilt_exchange(sale, dialect, held_card(card_entry("standard", load_cards())))
    again = Recording(
        dialect,
        [
            rebuilt_exchange(sale, dialect, held_card(card_entry("standard", load_cards()), "123456")),
            rebuilt_exchange(echo, dialect, None),
        ],
    )
    with running_host() as host:
        found = replayed(again, host.address, sign_on=True, renewal=Renewal(frozenset(), pin="123456"))
        assert differing(found) == []
        assert [entry.code for entry in host.journal.list()] == ["00", "00", "00"]


def test_a_host_that_is_not_there_or_silent_is_named(tmp_path: Path) -> None:
    recording = recorded(tmp_path, lambda terminal: (terminal.sign_on(), None)[-1])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        where = f"127.0.0.1:{listening.getsockname()[1]}"
        (silent,) = replayed(recording, where, timeout_s=0.05)
        assert (silent.outcome, silent.detail, silent.same) == ("silent", "waited 0.05 s", False)
    (gone,) = replayed(recording, where)
    assert gone.outcome == "not-sent"
    assert "no connection to 127.0.0.1" in gone.detail


def test_a_reply_that_is_none_is_named(tmp_path: Path) -> None:
    recording = recorded(tmp_path, lambda terminal: (terminal.sign_on(), None)[-1])
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"\x00\x1f" + b"\xff" * 31)
                connection.recv(4096)

        thread = threading.Thread(target=answer)
        thread.start()
        (found,) = replayed(recording, f"127.0.0.1:{listening.getsockname()[1]}")
        thread.join()
    assert found.outcome == "undecodable"
    assert not found.same


def test_another_answer_is_a_difference_in_words(tmp_path: Path) -> None:
    recording = recorded(tmp_path, lambda terminal: (terminal.sale("12.34"), None)[-1])
    rules = tmp_path / "rules.toml"
    rules.write_text("[[rule]]\nname = 'no'\nwhen = { service = 'sale' }\nthen = { code = '51' }\n")
    with running_host(pack=[str(rules)]) as host:
        found = replayed(recording, host.address)
    assert [one.same for one in found] == [True, False]
    assert "DE 39 (response code): now 51 (not enough funds), recorded 00 (approved)" in differing(found)
