"""Faults that no code handles: what asyncio and Twisted report of them goes to the log."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from typing import Any

from twisted.logger import LogEvent, globalLogBeginner

from acquirer.observe.log import Log

EVENT = "internal-fault"


def follow_loop(loop: AbstractEventLoop, log: Log) -> None:
    """Log what escapes from callbacks and tasks of `loop`."""

    def handle(_loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            log.fault(EVENT, error=error)
        else:
            log.event(EVENT, str(context.get("message", "")))

    loop.set_exception_handler(handle)


def follow_twisted(log: Log) -> None:
    """Log Twisted's failures, and drop its other messages, which it would keep in memory. Once in a process."""

    def observe(event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            log.fault(EVENT, error=failure.value)

    observer: Any = observe  # ILogObserver is a zope interface: any callable of one argument serves
    globalLogBeginner.beginLoggingTo([observer], discardBuffer=True, redirectStandardIO=False)
