"""The power of a terminal fails in the middle of an operation, at a chosen step."""

from __future__ import annotations

from typing import Any

from acquirer.security.vault import Vault
from acquirer.terminal.effects import Ask, Keep, NoAnswer, Program
from acquirer.terminal.machine import Machine
from acquirer.terminal.state import dump, load
from acquirer.testing.rig_terminal import RigTerminal


def interrupted(terminal: RigTerminal, program: Program[Any], steps: int, *, lose: bool = False) -> bool:
    """Run a program until the power fails before the state is saved for the so-many-th time; False: it ended before.

    Args:
        lose: all answers are lost.
    """
    core, answer = terminal._core, None
    vault = Vault(bytes(32))
    saved = dump(core.machine.state, vault, bytes)
    try:
        while True:
            effect = program.send(answer)
            answer = None
            if isinstance(effect, Ask):
                answer = terminal._connection.ask(effect)
                answer = NoAnswer("lost", 1) if lose else answer
            elif isinstance(effect, Keep):
                steps -= 1
                if not steps:
                    program.close()
                    core.machine = Machine(core.machine.setup, load(saved, vault))
                    return True
                saved = dump(effect.state, vault, bytes)
    except StopIteration:
        return False
