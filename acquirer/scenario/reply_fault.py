"""Faults of what a reply says and of its MAC: base classes, and the reply as they see it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from acquirer.dialect.dialect import Dialect
from acquirer.model.effects import Effect
from acquirer.scenario.fault_kind import FaultContext, FaultKind, Stage
from acquirer.scenario.placement import never_acts
from acquirer.security.key_package import KeyPackage
from acquirer.wire.message import Value, as_bytes

OtherKeys = Literal["unknown", "previous"]
"""Which working keys a sign-on hands out in place of the right ones: some that no one else has, or those before."""


@dataclass(frozen=True, slots=True)
class ReplyDraft:
    """A reply before it is sealed and encoded.

    Args:
        fields: by DE number, without the MAC. Not to be altered: `with_element` and `with_fields` return another draft.
        package: the layout of the key package in element `keys`; None: this reply hands out no keys.
        other_keys: returns a package of other keys, for element `keys`; None when there are none such.
    """

    dialect: Dialect
    mti: str
    fields: dict[int, Value]
    package: KeyPackage | None = None
    other_keys: Callable[[OtherKeys], bytes | None] = lambda _which: None

    def element(self, name: str) -> Value | None:
        """Return the value of an element; None when this reply has none."""
        return self.dialect.get_from(self.fields, name) if name in self.dialect.elements else None

    def with_element(self, name: str, value: Value) -> ReplyDraft:
        """Return the reply with another value of an element."""
        fields = dict(self.fields)
        self.dialect.put(fields, name, value)
        return replace(self, fields=fields)

    def with_fields(self, fields: dict[int, Value]) -> ReplyDraft:
        """Return the reply with these fields."""
        return replace(self, fields=fields)

    @property
    def key_bytes(self) -> bytes | None:
        """Return the key package as bytes; None when this reply hands out no keys."""
        value = self.element("keys")
        if value is None or self.package is None:
            return None
        data = as_bytes(value)
        return bytes.fromhex(data.decode("latin-1")) if self.package.form == "hex" else data

    def with_key_bytes(self, data: bytes) -> ReplyDraft:
        """Return the reply with this key package, given as bytes however it travels."""
        assert self.package is not None
        wire = data.hex().upper().encode() if self.package.form == "hex" else data
        return self.with_element("keys", wire.decode("latin-1") if isinstance(self.element("keys"), str) else wire)


class ReplyFault(FaultKind):
    """A kind that changes what a reply says, before its MAC is computed: the MAC is right all the same."""

    __slots__ = ()

    stage: ClassVar[Stage] = Stage.BEFORE_SEALING

    @abstractmethod
    def change(self, reply: ReplyDraft, context: FaultContext) -> ReplyDraft | None:
        """Return the reply as it is sent; None when there is nothing in it to change, and the fault does not act."""

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:  # noqa: ARG002
        """Pass all effects on: the reply was changed before them."""
        yield from effects


class KeyFault(ReplyFault):
    """A kind that changes the keys that a reply hands out; it does not act on replies without keys."""

    __slots__ = ()

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        if any("keys" in route.reply.make for route in dialect.routes):
            return ""
        return never_acts(f"no such reply of {dialect.name} hands out keys")


@dataclass(frozen=True, slots=True)
class Sealing:
    """The MAC of a reply that is about to be computed.

    Args:
        right: returns the MAC under the keys that verified the request.
        under_another_key: returns it under a key that the terminal does not have.
    """

    right: Callable[[], bytes]
    under_another_key: Callable[[], bytes]


class MacFault(FaultKind):
    """A kind that gives a reply another MAC; it does not act on replies without one."""

    __slots__ = ()

    stage: ClassVar[Stage] = Stage.SEALING

    def misfit(self, dialect: Dialect) -> str:
        """Return why it never acts on replies of a dialect."""
        if any(route.mac_reply != "never" for route in dialect.routes):
            return ""
        return never_acts(f"no such reply of {dialect.name} has a MAC")

    @abstractmethod
    def mac(self, sealing: Sealing, context: FaultContext) -> bytes | None:
        """Return the MAC that is sent; None: the reply has none."""

    def apply(self, effects: Iterable[Effect], context: FaultContext) -> Iterator[Effect]:  # noqa: ARG002
        """Pass all effects on: the reply was sealed before them."""
        yield from effects
