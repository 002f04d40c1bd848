"""A driver without sockets and loop, for hosts that are asked what they would do."""

from __future__ import annotations

from collections.abc import Callable, Generator

from acquirer.model.effects import Effect, EffectResult


def drive(steps: Generator[Effect, EffectResult, Effect | None], perform: Callable[[Effect], EffectResult]) -> None:
    """Take an exchange from effect to effect to its end; the last one, which it may return, is performed too."""
    result: EffectResult = None
    while True:
        try:
            effect = steps.send(result)
        except StopIteration as end:
            if end.value is not None:
                perform(end.value)
            return
        result = perform(effect)
