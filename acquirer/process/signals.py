"""Signals that end a program that serves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Final

ENDING: Final = ("SIGTERM", "SIGINT", "SIGHUP")


def ending_signal() -> asyncio.Event:
    """Return what is set once a signal ends this process, whose loop is running; the process goes on until then."""
    stop = asyncio.Event()
    for name in ENDING:
        number = getattr(signal, name, None)  # SIGHUP is unknown to Windows
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def call_on_hangup(call: Callable[[], object]) -> None:
    """Have SIGHUP call something instead of ending this process, after `ending_signal`."""
    number = getattr(signal, "SIGHUP", None)
    if number is not None:
        asyncio.get_running_loop().add_signal_handler(number, call)
