"""What a generator of effects asks for, in order: of an exchange of the host, or of an operation of the terminal.

(
    Playbook(exchange(host, arrival))
    .expect(Load, tid="10000161").give(Loaded(terminal, session, None, "000000000001"))
    .expect(Commit).give(CommitOutcome.CONFLICT)
    .expect(Load).give(Loaded(terminal, changed, None, "000000000002"))
    .expect(Commit).give(CommitOutcome.DONE)
    .expect(Send)
    .ends()
)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from acquirer.model.effects import Effect, Pause


class Playbook:
    """Takes a generator from effect to effect, and asserts what they are.

    Each method raises AssertionError when it is otherwise; it says at which step, and what was asked for before.
    """

    def __init__(self, steps: Generator[Any, Any, Any]) -> None:
        self._steps = steps
        self._given: Any = None  # what the generator is resumed with
        self._over = False
        self._last: Any = None  # the effect that was expected last
        self._trace: list[str] = []
        self.result: Any = None
        """What the generator returned, once it has ended."""

    @property
    def effect(self) -> Any:
        """Return the effect that was expected last."""
        return self._last

    def expect(self, kind: type, where: Callable[[Any], object] | None = None, /, **fields: object) -> Playbook:
        """Assert which effect comes next. The last one may be returned instead of yielded, as exchanges do.

        Args:
            where: must hold for the effect.
            fields: attributes that it must have.
        """
        __tracebackhide__ = True
        effect = self._next()
        if type(effect) is not kind:
            self._fail(f"expected {kind.__name__}", effect)
        for name, value in fields.items():
            if getattr(effect, name) != value:
                self._fail(f"expected {kind.__name__} with {name} {value!r}", effect)
        if where is not None and not where(effect):
            self._fail(f"expected {kind.__name__} of which the condition holds", effect)
        self._trace.append(kind.__name__)
        self._last, self._given = effect, None
        return self

    def give(self, result: object) -> Playbook:
        """Resume with the result of the effect that was expected last; without it, None is its result."""
        self._given = result
        return self

    def fail(self, error: BaseException) -> Playbook:
        """Resume with an error in place of a result."""
        self._given = error
        return self

    def ends(self) -> Any:
        """Assert that nothing more is asked for; return what the generator returned."""
        __tracebackhide__ = True
        if (effect := self._next()) is not None:
            self._fail("expected the end", effect)
        return self.result

    def _next(self) -> Any:
        """Return the next effect, None at the end; pauses, which ask for nothing, are passed over."""
        if self._over:
            return None
        try:
            effect = self._resume()
            while isinstance(effect, Pause):
                self._given = None
                effect = self._resume()
        except StopIteration as end:
            self._over = True
            self.result = end.value
            return end.value if isinstance(end.value, Effect) else None
        return effect

    def _resume(self) -> Any:
        if isinstance(self._given, BaseException):
            return self._steps.throw(self._given)
        return self._steps.send(self._given)

    def _fail(self, expected: str, effect: object) -> None:
        __tracebackhide__ = True
        found = "it ended" if effect is None else f"it asked for {effect!r}"
        before = f" after {', '.join(self._trace)}" if self._trace else ""
        raise AssertionError(f"step {len(self._trace) + 1}: {expected}, but {found}{before}")
