"""What an exchange that takes the short way asks its store for."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Final, final

from acquirer.model.reasons import Reason
from acquirer.model.rows import Session, Transaction

if TYPE_CHECKING:
    from acquirer.dialect.dialect import Dialect
    from acquirer.wire.message import Value


@final
class ReadyExchange:
    """The commit of an ordinary approval, which alters a session and books a new transaction at most, and its facts.

    It stands for `Commit`, `Changes` and `Evidence`: one object with few fields, because one is made for every exchange
    that takes the short way (`host.short_way`).
    """

    __slots__ = (
        "at_us",
        "deadline_s",
        "dialect",
        "facts",
        "id",
        "only_stan",
        "peer",
        "row",
        "session",
        "stan",
        "tid",
        "transaction",
    )

    reason: Final = Reason.APPROVED
    reply: Final[Mapping[int, Value]] = {}  # there is one
    original: Final = None
    authorisation: Final = None
    card: Final = None
    upload: Final = None
    settlement: Final = None
    details: Final = ()

    def __init__(
        self,
        dialect: Dialect,
        facts: tuple[Any, ...] | None,
        row: tuple[Any, ...] | None,
        session: Session | None,
        only_stan: bool,
        at_us: int,
        tid: str,
        stan: str,
        peer: str,
        transaction: Transaction | None = None,
    ) -> None:
        self.dialect = dialect
        self.facts = facts  # `journal.render.Facts`; None where there is a row
        self.row = row  # `journal.packed.PackedExchange`
        self.at_us = at_us
        self.tid = tid
        self.stan = stan
        self.peer = peer
        self.session = session
        self.only_stan = only_stan  # it is the stored one, which gets `stan` and its next version once that is written
        self.transaction = transaction  # a new one
        self.deadline_s = inf  # set by who commits it
        self.id = 0  # set when it is committed

    @property
    def changes(self) -> ReadyExchange:
        return self

    @property
    def evidence(self) -> ReadyExchange:
        return self
