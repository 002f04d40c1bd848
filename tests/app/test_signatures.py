"""Every way in which the field sees signatures go wrong, between our terminal and our host over real TCP.

Numbered as the failure modes are in acquirers' own lists: what happened must stand in the host's journal, with its
reason, and both sides must end where they can go on from. A relay stands between them where the line is to blame.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.terminal import Terminal
from acquirer.app.unsigned import find_unsigned
from acquirer.dialect.suite import Suite
from acquirer.journal.entry import Entry
from acquirer.settings.specs import load_dialect
from acquirer.signature import image_checks, jbig_encoder
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.jbig_decoder import decode_jbig
from acquirer.signature.pen import draw_signature
from acquirer.store import open_reader
from acquirer.terminal.exchange import Outcome, Result, Signed
from acquirer.testing import RunningHost, running_host
from acquirer.wire.deframer import make_deframer
from acquirer.wire.message import Message, Value

DIALECT = load_dialect("unionpay-pos")
SUITE = Suite(DIALECT)
TID, MID = "10000161", "880210010210162"
ANN = draw_signature("Ann", seed=1)
IMAGE = jbig_encoder.encode_jbig(ANN)

Change = Callable[[Message, bytes], list[bytes]]


class Relay:
    """A line that hands requests on as they are, and answers to uploads as `change` makes them."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.change: Change | None = None
        self.delay_s = 0.0
        self.uploads = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(peer,)))
            self._threads[-1].start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, socket.create_connection(self.upstream) as up:
            requests, replies = make_deframer(DIALECT.framing), make_deframer(DIALECT.framing)
            try:
                while data := peer.recv(4096):
                    requests.feed(data)
                    for frame in requests:
                        up.sendall(DIALECT.framing.wrap(frame))
                        peer.sendall(b"".join(map(DIALECT.framing.wrap, self._answers(up, replies))))
            except (OSError, StopIteration):
                return

    def _answers(self, up: socket.socket, replies: Any) -> list[bytes]:
        while True:
            replies.feed(up.recv(4096) or b"\xff" * 4)
            for frame in replies:
                message = DIALECT.decode(frame)
                if message.mti != "0830" or not str(message.fields[60]).startswith(("07", "08")):
                    return [frame]
                self.uploads += 1
                time.sleep(self.delay_s)
                return [frame] if self.change is None else self.change(message, frame)


@pytest.fixture
def relay(host: RunningHost) -> Iterator[Relay]:
    built = Relay((host.host, host.port))
    yield built
    built.stop()


@pytest.fixture
def host() -> Iterator[RunningHost]:
    with running_host() as running:
        yield running


@contextmanager
def till(address: str, state: Path, **options: Any) -> Iterator[Terminal]:
    with Terminal(TID, host=address, state=state, **{"sign_upload": "at-once", "timeout_s": 5.0, **options}) as one:
        yield one


class Upload:
    """Sends uploads with a till's own keys, of anything that the test wants them to say."""

    def __init__(self, host: RunningHost, terminal: Terminal, amount: int = 1234) -> None:
        result = terminal.sale(amount)
        assert result.outcome is Outcome.APPROVED
        assert result.receipt is not None
        self.host = host
        self.keys = terminal.state.keys
        self.stan, self.batch, self.rrn = result.receipt.stan, result.receipt.batch, result.receipt.rrn
        self.amount = amount

    def send(self, image: bytes = IMAGE, **more: Any) -> Message:
        part = more.pop("part", 0)
        elements: dict[str, Any] = {
            "tid": TID,
            "mid": MID,
            "amount": f"{self.amount:012}",
            "stan": self.stan,
            "rrn": self.rrn,
            "transaction_type": "08" if part > 1 else "07",
            "batch": self.batch,
            "function": f"{800 + part}",
            "image": image,
        }
        if part:
            elements["part_more"] = "9" if more.pop("last", False) else "8"
        fields: dict[int, Value] = {64: bytes(8)}
        for name, value in (elements | more).items():
            if value is not None:
                DIALECT.put(fields, name, value)
        assert self.keys is not None
        frame = SUITE.seal(self.keys, DIALECT.encode("0820", fields))
        with socket.create_connection((self.host.host, self.host.port), timeout=120) as line:
            line.sendall(DIALECT.framing.wrap(frame))
            deframer = make_deframer(DIALECT.framing)
            while True:
                deframer.feed(line.recv(4096))
                for reply in deframer:
                    return DIALECT.decode(reply)

    def code(self, image: bytes = IMAGE, **more: Any) -> Value:
        return self.send(image, **more).fields[39]

    def pictured(self) -> frozenset[str]:
        """The flags of the last signature, once its picture was made."""
        end_s = time.monotonic() + 120
        while self.host.signatures[-1].picture == "waiting":
            assert time.monotonic() < end_s, "its picture was never made"
            time.sleep(0.01)
        return frozenset(flag.name for flag in self.host.signatures[-1].flags)


@pytest.fixture
def sold(host: RunningHost, tmp_path: Path) -> Upload:
    """A sale of 12.34, ready to be signed by raw messages."""
    with till(host.address, tmp_path / "sold") as terminal:
        return Upload(host, terminal)


def uploads(host: RunningHost) -> list[Entry]:
    return [one for one in host.journal.list() if one.service.startswith("signature")]


def causes(host: RunningHost) -> list[str]:
    with host._running.store.reader() as reader:
        return [one.cause for one in find_unsigned(reader, DIALECT)]


def altered(de: int, value: Value | None) -> Change:
    """Answers in which a DE says something else, or is missing; their MAC is right for what they say."""

    def change(message: Message, _frame: bytes) -> list[bytes]:
        fields = {**message.fields}
        fields.pop(de, None)
        if value is not None:
            fields[de] = value
        return [DIALECT.encode(message.mti, fields, *DIALECT.envelope_of(message.raw))]

    return change


# -- the line, and hosts that refuse -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_01_silence_counts_as_failed_and_is_not_tried_after_every_sale(tmp_path: Path) -> None:
    with (
        running_host(fault=["silent:service=signature,count=1"]) as host,
        till(host.address, tmp_path, timeout_s=2.0, sign_upload="after-next") as terminal,
    ):
        terminal.sale("1.00", sign="Ann")
        terminal.sale("2.00")
        assert [one.failed for one in terminal.state.waiting] == [True]
        terminal.sale("3.00")
        assert len(uploads(host)) == 1
        assert host.journal.find(service="signature").fault == "silent"
        assert terminal.upload().signature is Signed.UPLOADED
        assert [(one.code, one.reason) for one in uploads(host)] == [("00", "approved"), ("94", "duplicate")]
        assert len(host.signatures) == 1


@pytest.mark.slow
@pytest.mark.parametrize("code", ["05", "25", "30", "96", "55"])
def test_02_a_refusal_is_kept_until_settlement_then_signed_on_paper(code: str, relay: Relay, tmp_path: Path) -> None:
    relay.change = altered(39, code)
    with till(relay.address, tmp_path) as terminal:
        assert terminal.sale("1.00", sign="Ann").signature is Signed.FAILED
        result = terminal.upload()
        assert result.signature is Signed.PAPER
        assert relay.uploads == 4  # once after the sale, then in three rounds
        assert len(result.slips) == 1
        assert not terminal.state.waiting


@pytest.mark.parametrize(
    ("stated", "code", "reason"),
    [
        ({"stan": "000999"}, "25", "original_unknown"),
        ({"amount": "000000000001"}, "25", "signature_differs"),
        ({"image": b"no image"}, "30", "signature_unusable"),
        ({"slip": b"\xff\x00\x40too short"}, "30", "signature_unusable"),
        ({"image": None}, "30", "format_wrong"),
        ({"tid": "10000777"}, "97", "terminal_unknown"),
    ],
)
def test_02_the_host_refuses_with_its_reason(stated: dict[str, Any], code: str, reason: str, sold: Upload) -> None:
    assert sold.code(**stated) == code
    entry = sold.host.journal.find(service="signature")
    assert (entry.code, entry.reason) == (code, reason)
    assert entry.why
    assert not sold.host.signatures


def test_03_the_same_signature_again_is_known(sold: Upload) -> None:
    assert [sold.code() for _ in range(3)] == ["00", "94", "94"]
    assert sold.host.journal.find(code="94").why.startswith("this signature came at")
    assert len(sold.host.signatures) == 1


@pytest.mark.parametrize("mac", [None, b"00000000"], ids=["missing", "wrong"])
def test_04_an_answer_without_a_good_mac_fails_there_and_is_94_the_next_time(
    mac: bytes | None, host: RunningHost, relay: Relay, tmp_path: Path
) -> None:
    relay.change = altered(64, mac)
    with till(relay.address, tmp_path) as terminal:
        assert terminal.sale("1.00", sign="Ann").signature is Signed.FAILED
        assert len(host.signatures) == 1
        relay.change = None
        assert terminal.upload().signature is Signed.UPLOADED
    assert [one.code for one in uploads(host)] == ["00", "94"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("de", "value"), [(11, "000777"), (41, "99999999"), (42, "999999999999999"), (41, None), (42, None)]
)
def test_05_an_answer_about_something_else_is_a_failure(
    de: int, value: Value | None, host: RunningHost, relay: Relay, tmp_path: Path
) -> None:
    def change(message: Message, frame: bytes) -> list[bytes]:
        (changed,) = altered(de, value)(message, frame)
        assert terminal.state.keys is not None
        return [SUITE.seal(terminal.state.keys, changed)]

    relay.change = change
    with till(relay.address, tmp_path, timeout_s=2.0) as terminal:
        assert terminal.sale("1.00", sign="Ann").signature is Signed.FAILED
        relay.change = None
        assert terminal.upload().signature is Signed.UPLOADED
    assert [one.code for one in uploads(host)] == ["00", "94"]


def test_06_without_a_connection_the_settlement_is_broken_off_and_all_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url) as host, till(host.address, tmp_path, sign_upload="after-next") as terminal:
        terminal.sale("1.00", sign="Ann")
        where = host.address
    with till(where, tmp_path) as terminal:
        result = terminal.upload()
        assert (result.outcome, result.signature) == (Outcome.NOT_SENT, Signed.KEPT)
    with running_host(store=url) as host, till(host.address, tmp_path) as terminal:
        assert terminal.upload().signature is Signed.UPLOADED
        assert len(host.signatures) == 1


@pytest.mark.slow
def test_07_a_late_answer_is_not_taken_for_the_next_message(host: RunningHost, relay: Relay, tmp_path: Path) -> None:
    held: list[bytes] = []

    def late(_message: Message, frame: bytes) -> list[bytes]:
        if not held:
            held.append(frame)
            return []
        return [held[0], frame]  # the late one first: an answer about another STAN

    relay.change = late
    with till(relay.address, tmp_path, timeout_s=2.0, keep_open=True) as terminal:
        assert terminal.sale("1.00", sign="Ann").signature is Signed.FAILED
        second: Result = terminal.sale("2.00", sign="Bob")
        assert second.signature is Signed.UPLOADED
        assert [one.receipt.amount_minor for one in terminal.state.waiting] == [100]
    assert [one.code for one in uploads(host)] == ["00", "00"]


def test_07_an_answer_just_in_time_is_taken(host: RunningHost, relay: Relay, tmp_path: Path) -> None:
    relay.delay_s = 0.2
    with till(relay.address, tmp_path, timeout_s=120.0) as terminal:
        assert terminal.sale("1.00", sign="Ann").signature is Signed.UPLOADED
    assert len(host.signatures) == 1


# -- what was drawn ----------------------------------------------------------------------------------------------------


def dotted() -> Bitmap:
    rows = [0] * 80
    for y in range(10, 80, 30):
        for line in range(3):
            rows[y + line] = sum(0b111 << x for x in range(20, 220, 50))
    return Bitmap.from_rows(240, rows)


NOISE = Bitmap(240, 80, bytes((i * 167 + i * i * 31) & 255 for i in range(2400)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bitmap", "flags"),
    [
        (Bitmap(240, 80, bytes(2400)), {"blank", "short-stream"}),
        (dotted(), {"dots-only", "short-stream"}),
        (image_checks.inverted(ANN), {"inverted"}),
        (Bitmap(400, 80, bytes(1600) + b"\xff\x00\x7e" * 60 + bytes(2220)), {"too-large"}),
        (Bitmap.from_rows(240, [0] * 40 + [0b1111110000000000] * 12 + [0] * 28), {"too-small", "short-stream"}),
    ],
    ids=["blank", "dots", "inverted", "wide", "small"],
)
def test_08_and_11_what_no_one_can_have_meant_is_flagged(bitmap: Bitmap, flags: set[str], sold: Upload) -> None:
    assert sold.code(jbig_encoder.encode_jbig(bitmap)) == "00"
    assert flags <= sold.pictured()
    entry = sold.host.journal.find(service="picture")
    assert entry.reason == "signature_flagged"
    assert all(flag in entry.why for flag in flags)


def test_08_an_image_above_the_limit_of_an_upload_is_flagged(sold: Upload) -> None:
    image = jbig_encoder.encode_jbig(NOISE)
    assert 900 < len(image) <= 999
    assert sold.code(image) == "00"
    assert "long-stream" in sold.pictured()


def test_08_an_empty_pad_uploads_nothing_and_the_sale_stays_unsigned(host: RunningHost, tmp_path: Path) -> None:
    with till(host.address, tmp_path) as terminal:
        result = terminal.sale("1.00", sign=Bitmap(240, 80, bytes(2400)))
        assert result.signature is Signed.UNSIGNED
        terminal.sale("2.00", sign="Ann")
    assert len(uploads(host)) == 1
    assert causes(host) == [
        "none came, though later signatures of this terminal did: it was lost there, or the pad stayed empty"
    ]


def test_09_a_damaged_image_in_the_terminal_is_an_unsigned_sale_at_the_host(host: RunningHost, tmp_path: Path) -> None:
    with till(host.address, tmp_path, sign_upload="after-next") as terminal:
        terminal.sale("1.00", sign="Ann")
        name = next(tmp_path.glob("*.json"))
    kept = json.loads(name.read_text())
    sealed = kept["waiting"][0]["sealed"]
    kept["waiting"][0]["sealed"] = sealed[:60] + ("0" if sealed[60] != "0" else "1") + sealed[61:]
    name.write_text(json.dumps(kept))
    with till(host.address, tmp_path, sign_upload="after-next") as terminal:
        terminal.sale("2.00", entry="contactless")
        assert terminal.upload().signature is Signed.PAPER
    assert not uploads(host)
    assert len(causes(host)) == 2
    assert "never uploaded a signature" in causes(host)[0]
    assert "free by amount: contactless, and not above 1000.00" in causes(host)[1]


def test_10_with_a_full_store_of_signatures_paper_is_signed(host: RunningHost, tmp_path: Path) -> None:
    small = tmp_path / "small.toml"
    small.write_text('dialect = "small"\nextends = "unionpay-pos"\n[terminal.signature]\nkeeps = 1\n')
    with till(host.address, tmp_path, dialect=str(small), sign_upload="after-next") as terminal:
        terminal.sale("1.00", sign="Ann")
        second = terminal.sale("2.00", sign="Bob")
        assert second.signature is Signed.PAPER
    assert len(host.signatures) == 1
    assert causes(host) == [
        "none came yet: terminals upload a signature after the next transaction, or before settlement"
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image", "flag"),
    [
        (IMAGE[: len(IMAGE) // 2], "truncated"),
        (IMAGE + b"\xde\xad\xbe\xef", "trailing-bytes"),
    ],
)
def test_11_dirty_streams_are_kept_as_they_arrived_and_flagged(image: bytes, flag: str, sold: Upload) -> None:
    assert sold.code(image) == "00"
    assert flag in sold.pictured()
    (kept,) = sold.host.signatures
    with sold.host._running.store.reader() as reader:
        assert reader.blob(kept.digest) == image
        assert (reader.blob(kept.png) or b"").startswith(b"\x89PNG")
    assert flag in sold.host.journal.find(service="picture").why


def test_11_an_upside_down_signature_is_kept_as_it_is(sold: Upload) -> None:
    rows = [int.from_bytes(ANN.row(y), "big") for y in reversed(range(ANN.height))]
    flipped = Bitmap.from_rows(ANN.width, rows)
    assert sold.code(jbig_encoder.encode_jbig(flipped)) == "00"
    assert sold.pictured() == set()
    with sold.host._running.store.reader() as reader:
        assert decode_jbig(reader.blob(sold.host.signatures[-1].digest) or b"").bitmap == flipped


@pytest.mark.parametrize(
    ("header", "stated"),
    [
        (bytes([0, 1, 1, 0]), "progressive JBIG"),
        (bytes([0, 0, 2, 0]), "2 planes"),
        (bytes([0, 0, 1, 0]) + b"\x00\x01\x00\x00" + b"\x00\x01\x00\x00", "65536 × 65536 pixels"),
    ],
)
def test_11_what_no_pad_makes_is_refused_before_a_pixel_is_touched(header: bytes, stated: str, sold: Upload) -> None:
    assert sold.code(header + IMAGE[len(header) :]) == "30"
    assert stated in sold.host.journal.find(service="signature").why


# -- parts, and what the upload says of its sale -----------------------------------------------------------------------


def test_12_parts_may_be_missing_early_or_twice(sold: Upload) -> None:
    a, b, c = IMAGE[:50], IMAGE[50:100], IMAGE[100:]
    assert sold.code(a, part=1) == "00"
    assert sold.code(c, part=3, last=True) == "30"
    assert "803 says it is the last part, but 802 did not come" in sold.host.journal.find(code="30").why
    assert "parts" in causes(sold.host)[0]
    assert sold.code(a, part=1) == "00"
    assert sold.code(b, part=2) == "00"
    (kept,) = sold.host.signatures
    assert (kept.parts, kept.stream_bytes) == (3, len(IMAGE))
    assert sold.pictured() == set()


def test_12_a_terminal_that_cuts_its_signatures_gets_them_through(host: RunningHost, tmp_path: Path) -> None:
    with till(host.address, tmp_path, sign_parts=100) as terminal:
        assert terminal.sale("1.00", sign="Ann").signature is Signed.UPLOADED
    assert host.signatures[-1].parts > 1
    assert {one.service for one in uploads(host)} == {"signature_part"}


def test_12_parts_survive_a_restart_of_the_host(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url) as host, till(host.address, tmp_path) as terminal:
        sold = Upload(host, terminal)
        assert sold.code(IMAGE[:90], part=1) == "00"
    with running_host(store=url) as host:
        sold.host = host
        assert sold.code(IMAGE[90:], part=2, last=True) == "00"
        assert sold.pictured() == set()


def test_13_letters_in_a_reference_number_and_no_settlement_date(sold: Upload) -> None:
    assert sold.code(rrn="X" + sold.rrn[1:]) == "00"
    entry = sold.host.journal.find(service="signature")
    notes = "; ".join(entry.notes)
    assert "feature-code: computed without settlement date" in notes
    assert "rrn-differs" in notes
    assert [flag.name for flag in sold.host.signatures[-1].flags] == ["rrn-differs"]
    assert len(sold.host.signatures[-1].feature_code) == 8


def test_14_a_sale_of_new_years_eve_uploaded_in_the_new_year(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url, clock="2025-12-31T23:59:50") as host, till(host.address, tmp_path) as terminal:
        sold = Upload(host, terminal)
    with running_host(store=url, clock="2026-01-01T00:10:00") as host:
        sold.host = host
        assert sold.code(slip=bytes.fromhex("FF060720261231235950")) == "00"
        entry = host.journal.find(service="signature")
        assert "the terminal puts the year of the upload on the slip" in "; ".join(entry.notes)
        assert [flag.name for flag in host.signatures[-1].flags] == ["time-differs"]


def test_14_our_own_terminal_keeps_the_year_of_the_sale(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with (
        running_host(store=url, clock="2025-12-31T23:59:50") as host,
        till(host.address, tmp_path, sign_upload="after-next", now=lambda: datetime(2025, 12, 31, 23, 59)) as terminal,
    ):
        terminal.sale("1.00", sign="Ann")
    with running_host(store=url, clock="2026-01-01T00:10:00") as host:
        with till(host.address, tmp_path, now=lambda: datetime(2026, 1, 1)) as terminal:
            assert terminal.upload().signature is Signed.UPLOADED
        assert host.signatures[-1].flags == ()
        assert next(e.text for e in host.signatures[-1].slip if e.tag == "FF06").startswith("20251231")


def test_15_the_current_batch_in_place_of_the_sales_own(sold: Upload) -> None:
    current = f"{int(sold.batch) + 1:06}"
    assert sold.code(batch=current) == "25"
    entry = sold.host.journal.find(service="signature")
    assert f"with this STAN in batch {sold.batch}: the terminal names its current batch" in entry.why
    assert causes(sold.host) == [f"uploaded under batch {current} instead of {sold.batch}, and answered 25"]


def test_16_another_amount_than_the_sales(sold: Upload) -> None:
    assert sold.code(amount="000000009999") == "25"
    entry = sold.host.journal.find(service="signature")
    assert entry.why == "amount 12.34 in the sale, 99.99 in the upload of its signature; repeat what the sale had"
    assert causes(sold.host) == [f"its upload was answered 25: {entry.why}"]


# -- beyond the list ---------------------------------------------------------------------------------------------------


def test_an_upload_comes_after_a_restart_on_another_connection_and_with_new_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url) as host, till(host.address, tmp_path, sign_upload="after-next") as terminal:
        terminal.sale("1.00", sign="Ann")
    with running_host(store=url) as host, till(host.address, tmp_path) as terminal:
        terminal.sign_on()
        terminal.sign_on()
        assert terminal.upload().signature is Signed.UPLOADED
        assert host.signatures[-1].captured == "touch"


def test_signing_again_replaces_the_signature_until_the_batch_closes(host: RunningHost, tmp_path: Path) -> None:
    with till(host.address, tmp_path, sign_upload="at-once") as terminal:
        terminal.sale("1.00", sign="Ann")
        assert terminal.sign("Bob").signature is Signed.UPLOADED
    assert [one.number for one in host.signatures] == [1, 2]
    assert "replaces the one of" in host.journal.find(service="signature").why


def test_a_strict_host_looks_at_the_pixels_before_it_answers(tmp_path: Path) -> None:
    with running_host(signature_check=["pixels=strict"]) as host, till(host.address, tmp_path) as terminal:
        sold = Upload(host, terminal)
        assert sold.code(jbig_encoder.encode_jbig(Bitmap(240, 80, bytes(2400)))) == "30"
        assert "there is no signature" in host.journal.find(service="signature").why
        assert not host.signatures
        assert sold.code() == "00"
        assert sold.pictured() == set()


def test_card_numbers_and_expiry_of_a_slip_reach_no_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url) as host, till(host.address, tmp_path) as terminal:
        sold = Upload(host, terminal)
        canary = "6222020200112233446"
        slip = bytes.fromhex("FF0502" + "2907") + bytes.fromhex("FF2510") + canary.encode()[:16]
        slip += bytes.fromhex("FF4013") + canary.encode() + bytes.fromhex("FFE10A0" + canary)
        assert sold.code(slip=slip, pan="6212345678901232") == "00"
    written = b"".join(path.read_bytes() for path in tmp_path.glob("host.db*"))
    for secret in (canary, "6212345678901232"):
        digits = secret if len(secret) % 2 == 0 else "0" + secret
        assert secret.encode() not in written
        assert bytes.fromhex(digits) not in written
    with open_reader(url) as reader:
        assert "[" in reader.signatures()[-1].slip[0].text


@pytest.mark.parametrize("name", ["301", "0900", "0920"])
def test_the_other_ways_of_uploading_are_dialects(name: str, tmp_path: Path) -> None:
    dialect = f"unionpay-pos-sign-{name}"
    with running_host(dialect=dialect) as host, till(host.address, tmp_path, dialect=dialect) as terminal:
        assert terminal.sale("1.00", sign="Ann").signature is Signed.UPLOADED
        entry = host.journal.find(service="signature")
        assert (entry.mti, entry.reply_mti) == {
            "301": ("0820", "0830"),
            "0900": ("0900", "0910"),
            "0920": ("0920", "0930"),
        }[name]
        assert terminal.echo().code == "00"
        assert (entry.reply or {}).get("56") == ("成功" if name == "0920" else None)
        assert host.signatures[-1].dialect == dialect
        assert ("55" in entry.request) == (name == "0920")


@pytest.mark.slow
def test_two_hundred_uploads_at_once_are_all_kept_and_pictured(tmp_path: Path) -> None:
    with running_host() as host:
        tills = [Terminal(f"{20000001 + n}", host=host.address, sign_upload="after-next") for n in range(40)]
        for one in tills:
            for seed in range(5):
                assert one.sale("1.00", sign=draw_signature("Ann", seed=seed)).outcome is Outcome.APPROVED
        threads = [threading.Thread(target=one.upload) for one in tills]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({one.key for one in host.signatures}) == 200
        end_s = time.monotonic() + 120
        while any(one.picture == "waiting" for one in host.signatures):
            assert time.monotonic() < end_s
            time.sleep(0.05)
        assert all(one.picture == "made" for one in host.signatures)
        for one in tills:
            one.close()
