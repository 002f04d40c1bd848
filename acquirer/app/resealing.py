"""Recorded requests made ready to be sent again: numbers of their own where that is wanted, and sealed anew.

1. What is under the working keys of the recording is opened with those, and sealed under the keys of the host that it
   goes to: PIN block, encrypted tracks, MAC. Which keys these are, sign-ons say as they pass, or a person names them.
2. Numbers that a host gave (reference number, authorisation code) are replaced by those that this host gave in the
   place of them, so that a void or a refund finds its sale.
3. What is not asked for, and needs no new seal, stays as it was recorded, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from acquirer.app.known_keys import KnownKeys
from acquirer.app.relay_messages import SeenMessage, text_of
from acquirer.data.types import Randbytes
from acquirer.dialect.compiled import CompiledDialect
from acquirer.errors import SecurityError
from acquirer.security.dukpt import DukptError
from acquirer.security.working import WorkingKeys
from acquirer.wire.card_numbers import pan_of_track2
from acquirer.wire.message import EncodeError, Message, Value

STAN, BATCH, TIME, KSN = "stan", "batch", "time", "ksn"

RENEWABLE: Final = (STAN, BATCH, TIME, KSN)
"""What can be asked to be new."""

TRACKS: Final = ("track2", "track3")

GIVEN_NUMBERS: Final = ("rrn", "auth_id")
"""Numbers that a host gives, and that later requests name."""


@dataclass(slots=True)
class ResealedRequest:
    """A request that is ready to be sent."""

    message: Message
    notes: list[str] = field(default_factory=list)  # what could not be sealed anew, and why


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is new in requests that are sent again.

    Args:
        wanted: of `RENEWABLE`.
        first_stan: that new STANs begin with; 0: with the one after the highest of the recording.
        batch: in the place of the recorded one; "": the one that the sign-on of this host gave.
        pin: in the place of the recorded one, which then need not be opened; "": the recorded one.
    """

    wanted: Collection[str] = ()
    first_stan: int = 0
    batch: str = ""
    pin: str = field(default="", repr=False)


class Resealer:
    """Makes recorded requests of one dialect ready.

    Args:
        recorded, target: the working keys of the recording, and of the host that requests go to.
        now: the time that requests are given, where that is wanted.
    """

    def __init__(
        self,
        compiled: CompiledDialect,
        recorded: KnownKeys,
        target: KnownKeys,
        renewal: Renewal,
        now: Callable[[], datetime],
        randbytes: Randbytes,
    ) -> None:
        self._compiled = compiled
        self._dialect = compiled.dialect
        self._suite = compiled.suite
        self.recorded, self.target = recorded, target
        self._renewal = renewal
        self._now, self._randbytes = now, randbytes
        self._stans: dict[tuple[str, str, str], str] = {}  # terminal, batch or time, recorded STAN → new one
        self._times: dict[tuple[str, str, str, str], str] = {}  # element, terminal, STAN, recorded time → new one
        self._next_stan = renewal.first_stan
        self._batches: dict[str, str] = {}  # terminal → the batch that this host has given
        self._given: dict[tuple[str, str], str] = {}  # element, recorded number → the one that this host has given
        self._counter: dict[bytes, int] = {}  # of devices (DUKPT)

    def give_batch(self, tid: str, batch: str) -> None:
        """Note the batch that a terminal has at the host that requests go to."""
        self._batches[tid] = batch

    def begin_after(self, stans: Collection[str]) -> None:
        """Have new STANs begin after all recorded ones, unless it was said with which they begin."""
        if not self._next_stan:
            self._next_stan = 1 + max((int(stan) for stan in stans if stan.isdecimal()), default=0)

    def resealed(self, request: SeenMessage, *, in_clear: bool = False) -> ResealedRequest:
        """Return a request as it is to be sent.

        Args:
            in_clear: it was put together from a journal: its tracks are in the clear, and its PIN block holds nothing.

        Raises:
            EncodeError: a value that its field cannot hold.
        """
        message = request.message
        assert message is not None, "what cannot be decoded is sent as it is, or not at all"
        fields = dict(message.fields)
        self._renew(message, fields)
        notes: list[str] = []
        keys, old = self.target.of(Message(message.raw, message.mti, fields)), self.recorded.of(message)
        self._reseal(fields, None if in_clear else old, keys, notes, in_clear=in_clear)
        mac_de = self._dialect.mac_de(fields)
        has_mac = mac_de in fields
        if has_mac and keys is None:
            notes.append("its MAC is the recorded one: no keys are known to make another with")
        if fields == message.fields and (not has_mac or keys is None):
            return ResealedRequest(message, notes)
        if has_mac and keys is not None:
            spec = self._dialect.fields[mac_de]
            fields[mac_de] = bytes(spec.maximum) if spec.kind == "b" else "0" * spec.maximum
        frame = self._dialect.encode(message.mti, fields, *self._dialect.envelope_of(message.raw))
        if has_mac and keys is not None:
            frame = self._suite.seal(keys, frame)
        return ResealedRequest(self._dialect.decode(frame), notes)

    def recorded_only(self, request: SeenMessage, reply: Message) -> None:
        """Take the keys of a recorded reply whose request is not sent again."""
        with suppress(SecurityError):
            self.recorded.learn(request.route, request.fields, reply)

    def answered(self, request: SeenMessage, sent: Message, recorded: Message | None, reply: Message) -> list[str]:
        """Take what both replies to a request hand out: keys, batch, numbers; return sentences about what cannot be."""
        notes = []
        for keys, fields, answer, whose in (
            (self.recorded, request.fields, recorded, "recorded"),
            (self.target, sent.fields, reply, "new"),
        ):
            if answer is None:
                continue
            try:
                keys.learn(request.route, fields, answer)
            except SecurityError as exc:
                notes.append(f"the working keys of the {whose} reply cannot be used: {exc}")
        tid = text_of(self._dialect, request.fields, "tid")
        if request.route is not None and request.route.service == "sign_on" and (batch := self._text(reply, "batch")):
            self._batches[tid] = batch
        if recorded is not None:
            for element in (*GIVEN_NUMBERS, "date"):
                old, new = self._text(recorded, element), self._text(reply, element)
                if old and new:
                    self._given[element, old] = new
        return notes

    # numbers

    def _renew(self, message: Message, fields: dict[int, Value]) -> None:
        dialect, wanted = self._dialect, self._renewal.wanted
        tid = text_of(dialect, fields, "tid")
        within = text_of(dialect, fields, dialect.numbering.within) if dialect.numbering.within else ""
        stan = text_of(dialect, fields, "stan")
        named = text_of(dialect, fields, "original_stan")
        original = text_of(dialect, fields, dialect.numbering.original_within) or within
        if TIME in wanted:
            self._renew_time(fields, tid, stan, named)
        if STAN in wanted and stan:
            self._put(fields, "stan", self._new_stan(tid, within, stan))
        if STAN in wanted and named:
            self._put(fields, "original_stan", self._stans.get((tid, original, named), named))
        if BATCH in wanted and (batch := self._renewal.batch or self._batches.get(tid, "")):
            for element in ("batch", "original_batch"):
                if within and text_of(dialect, fields, element) == within:
                    self._put(fields, element, batch)
        for element in GIVEN_NUMBERS:
            if new := self._given.get((element, text_of(dialect, fields, element))):
                self._put(fields, element, new)
        if new := self._given.get(("date", text_of(dialect, fields, "original_date"))):
            self._put(fields, "original_date", new)
        if KSN in wanted and self._suite.dukpt is not None:
            self._renew_ksn(message, fields)

    def _renew_time(self, fields: dict[int, Value], tid: str, stan: str, named: str) -> None:
        """Give a request the time of now; what is sent again, or named by another request, has that of the first."""
        dialect, local = self._dialect, self._now()
        for form in self._compiled.clock_forms:
            at = local.astimezone(UTC) if form.utc else local
            if old := text_of(dialect, fields, form.element):
                key = form.element, tid, stan, old
                self._put(fields, form.element, self._times.setdefault(key, at.strftime(form.pattern)))
            original = f"original_{form.element}"
            if new := self._times.get((form.element, tid, named, text_of(dialect, fields, original))):
                self._put(fields, original, new)

    def _new_stan(self, tid: str, within: str, old: str) -> str:
        key = tid, within, old
        if key not in self._stans:
            self._stans[key] = f"{(self._next_stan - 1) % 999_999 + 1:06}"
            self._next_stan += 1
        return self._stans[key]

    def _renew_ksn(self, message: Message, fields: dict[int, Value]) -> None:
        dukpt = self._suite.dukpt
        assert dukpt is not None
        try:
            ksn = self._suite.ksn(message)
        except DukptError:
            return  # it has none that could be followed
        device = dukpt.ksn(ksn, 0)
        counter = dukpt.next_counter(max(self._counter.get(device, 0), dukpt.counter(ksn)))
        self._counter[device] = counter
        self._suite.put_ksn(fields, dukpt.ksn(ksn, counter))

    def _put(self, fields: dict[int, Value], element: str, value: str) -> None:
        if text_of(self._dialect, fields, element) != value:
            self._dialect.put(fields, element, value)

    def _text(self, message: Message, element: str) -> str:
        return text_of(self._dialect, message.fields, element)

    # what is under keys

    def _reseal(
        self,
        fields: dict[int, Value],
        old: WorkingKeys | None,
        keys: WorkingKeys | None,
        notes: list[str],
        *,
        in_clear: bool,
    ) -> None:
        """Seal PIN block and tracks anew, where keys are others, or a new PIN is wanted."""
        suite, dialect = self._suite, self._dialect
        control = text_of(dialect, fields, "security_control")
        clear = {name: text_of(dialect, fields, name) for name in TRACKS}
        if suite.track_sealed(control) and any(clear.values()):
            try:
                if not in_clear:
                    clear = {name: track and suite.open_track(_needed(old), track) for name, track in clear.items()}
                for name, track in clear.items():
                    if track and keys != old:
                        dialect.put(fields, name, suite.seal_track(_needed(keys), track))
            except (SecurityError, EncodeError) as exc:
                notes.append(f"its track is the recorded one: {exc}")
                clear = dict.fromkeys(TRACKS, "")
        block = dialect.get_from(fields, "pin_block")
        if not isinstance(block, bytes) or (keys == old and not self._renewal.pin):
            return
        try:
            pan = text_of(dialect, fields, "pan") or pan_of_track2(clear["track2"])
            pin = self._renewal.pin or suite.open_pin(_needed(old), block, pan, control).pin
            dialect.put(fields, "pin_block", suite.seal_pin(_needed(keys), pin, pan, control, self._randbytes))
        except (SecurityError, EncodeError) as exc:
            notes.append(f"its PIN block is the recorded one: {exc}")


def _needed(keys: WorkingKeys | None) -> WorkingKeys:
    if keys is None:
        raise UnknownKeysError
    return keys


class UnknownKeysError(SecurityError, LookupError):
    """Working keys that are not known."""

    def __init__(self) -> None:
        super().__init__("the keys that it is or should be under are not known")
