"""Power cuts and bad lines again, this time with signatures: none that was kept is ever lost.

At the end each of them is where it should be: at the host, as it was drawn, or still waiting, or on a printed slip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.security.vault import Vault
from acquirer.signature.pen import draw_signature as write
from acquirer.terminal.effects import Ask, Keep, Listen, NoAnswer, NotSent, Print, Program, Received, Response
from acquirer.terminal.exchange import Result
from acquirer.terminal.machine import Machine
from acquirer.terminal.sale import sale
from acquirer.terminal.signature import Again, sign
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.state import dump, load
from acquirer.terminal.upload import Key, upload

if TYPE_CHECKING:
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

PADS = [Pad(write(name, seed)) for seed, name in enumerate(("Li Wei", "Zhang San", "Wang Wu"))]
FAULTS = ("fine", "request lost", "reply lost", "forged", "no line", "refused")
VAULT = Vault(bytes(32))


class Album:
    """A host that keeps signatures: whole ones, and parts until the last one is there."""

    def __init__(self, host: Foreign) -> None:
        self.host = host
        self.images: dict[Key, bytes] = {}
        self.parts: dict[Key, list[bytes]] = {}

    def take(self, request: Any) -> bytes:
        if request.mti != "0820":
            return self.host.reply(de15="1120", de37=f"{request.fields[11]:0>12}")(request)
        kind, function, last = request.fields[60][:2], request.fields[60][8:11], request.fields[60][11:]
        key, piece = (request.fields[60][2:8], request.fields[11]), request.fields[62]
        if function != "800":
            parts = self.parts.setdefault(key, [])
            if kind == "07":
                parts.clear()
            parts.append(piece)
            if last != "9":
                return self.host.reply()(request)
            piece = b"".join(parts)
        if self.images.get(key) == piece:
            return self.host.short("94")(request)
        self.images[key] = piece
        return self.host.reply()(request)


class Till:
    """One terminal that is switched on and off, its host, and the line between them."""

    def __init__(self, machine: Machine, album: Album, part_bytes: int) -> None:
        self.setup = replace(machine.setup, part_bytes=part_bytes)
        self.album = album
        self.disk = dump(machine.state, VAULT, self.setup.randbytes)
        self.kept: dict[Key, bytes] = {}
        self.ever: set[tuple[Key, bytes]] = set()
        self.printed: set[Key] = set()

    @property
    def machine(self) -> Machine:
        return Machine(self.setup, load(self.disk, VAULT))

    def run(self, plan: Callable[[Machine], Program[Result]], faults: list[str], kill_at: int | None = None) -> None:
        program, answer, step = plan(self.machine), None, 0
        try:
            while True:
                effect = program.send(answer)
                if step == kill_at:
                    return
                step += 1
                answer = None
                if isinstance(effect, Keep):
                    self.disk = dump(effect.state, VAULT, self.setup.randbytes)
                    self.kept |= {one.key: one.image for one in effect.state.waiting}
                    self.ever |= set(self.kept.items())
                elif isinstance(effect, Print):
                    self.printed.add(effect.voucher.key)
                elif isinstance(effect, Ask):
                    answer = self.send(effect.frame, faults.pop(0) if faults else "fine")
                elif isinstance(effect, Listen):
                    answer = NoAnswer("nothing more", 0)
        except StopIteration:
            return

    def send(self, frame: bytes, fault: str) -> Response:
        if fault == "no line":
            return NotSent("no connection")
        request = self.setup.dialect.decode(frame)
        if fault == "request lost":
            return NoAnswer("waited", 0)
        if fault == "refused":
            return Received(self.album.host.short("96")(request), 1)
        reply = self.album.take(request)
        if fault == "forged":
            reply = reply[:-1] + bytes((reply[-1] ^ 1,))
        return NoAnswer("waited", 0) if fault == "reply lost" else Received(reply, 1)


STEP = st.tuples(
    st.sampled_from(["sale", "signed sale", "sign", "upload"]),
    st.integers(0, len(PADS) - 1),
    st.lists(st.sampled_from(FAULTS), max_size=8),
    st.none() | st.integers(0, 20),
)


def run_plan(plan: Callable[[Machine, Pad], Program[Result]], pad: Pad, machine: Machine) -> Program[Result]:
    return plan(machine, pad)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=6), st.sampled_from([0, 120, 200]), st.booleans())
def test_no_signature_is_lost(
    make_bench: type[Bench],
    host: Foreign,
    make_order: Callable[..., Order],
    steps: list[tuple[str, int, list[str], int | None]],
    part_bytes: int,
    at_once: bool,
) -> None:
    bench = make_bench(upload_at_once=at_once)
    bench.run(sale(bench.machine, make_order()), host.sign_on(), host.reply(de37="000000000001"))
    pos = Till(bench.machine, Album(host), part_bytes)
    for name, which, faults, kill_at in steps:
        pad = PADS[which]
        plans: dict[str, Callable[[Machine, Pad], Program[Result]]] = {
            "sale": lambda machine, _pad: sale(machine, make_order(drop_reversal=True)),
            "signed sale": lambda machine, pad: sale(machine, make_order(drop_reversal=True, pad=pad)),
            "sign": lambda machine, pad: sign(machine, Again(pad)),
            "upload": lambda machine, _pad: upload(machine),
        }
        pos.run(partial(run_plan, plans[name], pad), list(faults), kill_at)
    waiting = {one.key: one.image for one in pos.machine.state.waiting}
    for key, image in pos.kept.items():
        there = waiting.get(key) == image or pos.album.images.get(key) == image or key in pos.printed
        assert there, f"the signature of {key} is nowhere"
    pos.run(upload, [])
    assert not pos.machine.state.waiting
    for key, image in waiting.items():
        assert pos.album.images[key] == image
    assert set(pos.album.images.items()) <= pos.ever, "the host has a picture that was never drawn"
