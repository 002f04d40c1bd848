"""What a test expects of its terminals, and how the host answers then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acquirer.journal.expected_count import ExpectedCount
from acquirer.model.reasons import Reason
from acquirer.testing.journal import Journal
from acquirer.testing.terminal_slice import TerminalSlice


class ViewExpectation:
    """Exchanges that are to happen, and what the host answers instead of its own decision.

    Without `once`, `times` or `optional` at least one must happen until the test ends. With an answer, the numbers are
    those of its uses: what comes after the last one is answered as ever.

    Args:
        words: what is expected, a noun and what follows it.
    """

    def __init__(
        self,
        terminals: TerminalSlice,
        journal: Journal,
        name: str,
        when: Mapping[str, Any] | str,
        words: tuple[str, str],
    ) -> None:
        self._terminals = terminals
        self._journal = journal
        self._name = name
        self._when = when
        self._words = words
        self._table: dict[str, Any] = {"when": when} if when else {}
        self._count: ExpectedCount | None = ExpectedCount(1)

    def reply(
        self,
        code: str = "",
        /,
        *,
        reason: str = "",
        approve: bool = False,
        hold: str = "",
        ask: str = "",
        drop: Sequence[str] = (),
        faults: Sequence[str] = (),
        **elements: str,
    ) -> ViewExpectation:
        """Answer with a response code, or with changes of the reply.

        Args:
            code: of the dialect, ``"51"``; or the symbol of a reason, ``"funds_insufficient"``.
            reason: the symbol alone.
            approve: approve what the host would decline.
            hold: for a time (``"30s"``), or ``"for a person"`` until `resume`.
            ask: ``"sign_on"`` asks the terminal to sign on, in the header of the reply.
            drop: elements or fields that the reply leaves out.
            faults: what happens to the reply, each as its short text: ``"late:after=3s"``.
            elements: values of elements of the reply; of fields by ``**{"de.44": …}``.

        Raises:
            DataError: an argument cannot be used; names it.
        """
        then: dict[str, Any] = {"set": dict(elements)} if elements else {}
        given = {"approve": approve, "hold": hold, "ask": ask, "drop": list(drop), "faults": list(faults)}
        then |= {key: value for key, value in given.items() if value}
        if code in set(Reason):
            code, reason = "", code
        then |= {key: value for key, value in {"code": code, "reason": reason}.items() if value}
        return self._then(then)

    def in_turn(self, *codes: str) -> ViewExpectation:
        """Answer with these response codes one after another; the last one goes on."""
        return self._then({"answers": list(codes)})

    def at_random(self, *codes: str, seed: int = 0) -> ViewExpectation:
        """Answer with these response codes in a random order, the same for each run of one `seed`."""
        return self._then({"answers": list(codes), "order": "random"}, seed=seed)

    def once(self) -> ViewExpectation:
        """Expect it once."""
        return self.times(1)

    def times(self, count: int) -> ViewExpectation:
        """Expect it so often."""
        self._count = ExpectedCount(count, count)
        if "then" in self._table:
            self._table["times"] = count
            self._terminals.put_rule(self._name, self._table)
        return self

    def optional(self) -> ViewExpectation:
        """Do not ask for it: it only says what is answered."""
        self._count = None
        return self

    @property
    def used(self) -> int:
        """Return how often it has happened: with an answer, how often that was given."""
        if "then" in self._table:
            return self._terminals.uses(self._name)
        return len(self._journal.list(self._when))

    @property
    def unmet(self) -> str:
        """Return what is missing, as a sentence; "" when nothing is."""
        if self._count is None:
            return ""
        used, count, (noun, rest) = self.used, self._count, self._words
        if count.least <= used and (count.most is None or used <= count.most):
            return ""
        sentence = f"expected {count.of(noun)}{rest}, saw {used}"
        nearest = self._journal.near_misses(self._when) if used < count.least else ()
        return "\n".join([sentence, *map(str, nearest)])

    def _then(self, then: dict[str, Any], **more: Any) -> ViewExpectation:
        self._table |= {"then": then, **more}
        if self._count is not None and self._count.most is not None:
            self._table["times"] = self._count.most
        self._terminals.put_rule(self._name, self._table)
        return self
