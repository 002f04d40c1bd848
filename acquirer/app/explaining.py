"""What a host would answer to a message, and why: the exchange is decided as ever, and nothing of it is kept.

Rules, faults and all that is counted stand beside as copies (`trial_host`), rows are read and never written, the next
reference number is shown and stays the next. Time that a rule or a fault would take is not waited for.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace

from acquirer.app.build import build_host
from acquirer.app.serve import Running
from acquirer.host.core import Host
from acquirer.host.exchange import exchange
from acquirer.journal.entry import Entry
from acquirer.journal.render import entry_of
from acquirer.model.effects import (
    NO_DEADLINE,
    Arrival,
    Changes,
    Close,
    Commit,
    CommitOutcome,
    DecodeImage,
    Effect,
    EffectResult,
    Hold,
    Load,
    LoadBatch,
    LoadCard,
    LoadOriginal,
    LoadSignatures,
    Pause,
    RenderPicture,
    Restart,
    Send,
    SendBytes,
    SendElsewhere,
    SendWithNext,
    Silence,
)
from acquirer.wire.deframer import make_deframer
from acquirer.wire.framing import FrameError, Framing


@dataclass(slots=True)
class TrialOutcome:
    """What would become of one message.

    Args:
        entry: the exchange as the journal would have it, with the number 0.
        changes: what would be written.
        hold: how a rule would hold it; None: it would not.
        sending: what would be done with the reply, in words, in order.
    """

    entry: Entry | None = None
    changes: Changes | None = None
    hold: Hold | None = None
    sending: list[str] = field(default_factory=list)


async def explain_message(
    running: Running, host: Host, frame: bytes, peer: str = "", listener: str = ""
) -> TrialOutcome:
    """Return what a host would answer to a frame without its length, and what it would write. On the loop's thread.

    Raises:
        StoreError: rows cannot be read.
    """
    trial = trial_host(running, host)
    steps = exchange(trial, Arrival(frame, running.parts.clock.now_us(), NO_DEADLINE, peer, listener=listener))
    found = TrialOutcome()
    result: EffectResult = None
    while True:
        try:
            effect = steps.send(result)
        except StopIteration as end:
            if end.value is not None:
                await _perform(running, found, end.value)
            break
        result = await _perform(running, found, effect)
    if found.entry is not None and not any(text.startswith("sent") for text in found.sending):
        found.entry.delivery = "withheld" if found.entry.reply is not None else ""
    return found


def trial_host(running: Running, host: Host) -> Host:
    """Return a host like another one, whose rules, faults and counts may be used without any effect on that one."""
    parts = replace(
        running.parts,
        rules=running.parts.rules.copied(),
        faults=running.parts.faults.copied(),
        unproved=host.unproved.copied(),
        randbytes=secrets.token_bytes,  # a seed's keys are given out in their order
    )
    at = running.hosts.index(host)
    trial = build_host(parts, parts.compiled[at], host.vault)
    trial.issuer, trial.used_ksns = host.issuer, host.used_ksns.copied()
    return trial


def without_length(data: bytes, framing: Framing) -> bytes:
    """Return the frame of bytes that are exactly one with its length; else the bytes as they are."""
    deframer = make_deframer(framing)
    try:
        deframer.feed(data)
        frames = list(deframer)
    except FrameError:
        return data
    return frames[0] if len(frames) == 1 and frames[0] and not deframer.pending else data


async def _perform(running: Running, found: TrialOutcome, effect: Effect) -> EffectResult:
    """Read what an effect wants to know, note what it would do."""
    store = running.store
    match effect:
        case Load():
            return store.look_up(effect)
        case LoadCard():
            return store.load_card(effect)
        case LoadOriginal():
            return store.load_original(effect)
        case LoadSignatures():
            return store.load_signatures(effect)
        case LoadBatch():
            return store.load_batch(effect)
        case DecodeImage():
            decoded: asyncio.Future[EffectResult] = running.driver.loop.create_future()
            running.driver.pictures.decode(effect.stream, decoded.set_result)
            return await decoded
        case Pause():
            await asyncio.sleep(0)  # exchanges go on
        case Hold():
            found.hold = effect
        case Commit() if found.entry is None:
            found.changes = effect.changes
            found.entry = entry_of(effect.changes.evidence)
            return CommitOutcome.DONE
        case Commit():
            return CommitOutcome.DONE
        case RenderPicture():
            pass
        case _:
            found.sending.append(_words(effect))
    return None


def _words(effect: Effect) -> str:
    """Return what an effect does with a reply."""
    if isinstance(effect, Silence):
        return f"no reply: {effect.reason}"
    if isinstance(effect, Close | Restart):
        return f"the connection is closed: {effect.reason}"
    if isinstance(effect, SendWithNext):
        return f"sent {effect.place} the next reply of the connection"
    if isinstance(effect, SendElsewhere):
        return "sent over another connection"
    late = f" after {effect.delay_ms} ms" if isinstance(effect, Send | SendBytes) and effect.delay_ms else ""
    return f"sent{' as other bytes' if isinstance(effect, SendBytes) else ''}{late}"
