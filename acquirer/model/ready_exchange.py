"""What an exchange that takes the short way asks its store for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from acquirer.model.evidence import ExchangeRecord
from acquirer.model.reasons import Reason
from acquirer.model.rows import Session

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect
    from acquirer.wire.message import Value

_PLACE: Final = {one.name: place for place, one in enumerate(fields(ExchangeRecord))}


class ReadyExchange:
    """The commit of an ordinary approval, which alters a session at most, with its facts for the journal.

    It stands for `Commit`, `Changes` and `Evidence`: one object with few fields, because one is made for every exchange
    that takes the short way (`host.short_way`).
    """

    __slots__ = ("deadline_s", "dialect", "facts", "id", "row", "session")

    reason: Final = Reason.APPROVED
    reply: Final[Mapping[int, Value]] = {}  # there is one
    transaction: Final = None
    original: Final = None
    authorisation: Final = None
    card: Final = None
    upload: Final = None
    settlement: Final = None
    details: Final = ()

    def __init__(
        self,
        dialect: Dialect,
        facts: tuple[Any, ...],
        row: tuple[Any, ...] | None,
        session: Session | None,
        deadline_s: float,
    ) -> None:
        self.dialect = dialect
        self.facts = facts  # `journal.render.Facts`
        self.row = row  # `journal.packed.PackedExchange`; None where that is made of the facts
        self.session = session
        self.deadline_s = deadline_s
        self.id = 0  # set when it is committed

    @property
    def changes(self) -> ReadyExchange:
        return self

    @property
    def evidence(self) -> ReadyExchange:
        return self

    @property
    def at_us(self) -> int:
        return int(self.facts[_PLACE["at_us"]])

    @property
    def peer(self) -> str:
        return str(self.facts[_PLACE["peer"]])

    @property
    def tid(self) -> str:
        return str(self.facts[_PLACE["tid"]])

    @property
    def stan(self) -> str:
        return str(self.facts[_PLACE["stan"]])
