"""The process that started this one: noticing that it has ended.

1. On Linux a descriptor of that process becomes readable when it ends (pidfd_open(2), since 5.3). `PR_SET_PDEATHSIG`
   would follow the *thread* that started us, and a test runner may end that long before itself.
2. Where there is no such descriptor (other systems, containers that forbid it), the number of the parent is read
   again and again: an orphan is given another parent.
3. It may have ended before this process could ask for its number. An orphan is taken in by process 1, or by one that
   has said that it takes orphans in; neither is in the session of the orphan, whereas a child begins in its parent's.
   Where process 1 itself began the session, as a shell that is the first process of a container does, nothing tells an
   orphan from a child of process 1: the end of a parent before this point is not noticed there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

LOOK_AGAIN_S: Final = 0.5
"""How often the number of the parent is read: an end is noticed soon, and it costs nothing."""


@contextmanager
def following_parent(parent: int, on_end: Callable[[], None]) -> Iterator[None]:
    """Have a function called once the parent of this process has ended, for the time of a ``with`` block.

    On the running loop; at once if it has ended already.

    Args:
        parent: what `os.getppid` returned when this process began.
    """
    loop = asyncio.get_running_loop()
    descriptor = _descriptor_of(parent)
    timer: asyncio.TimerHandle | None = None

    def end() -> None:
        if descriptor is not None:
            loop.remove_reader(descriptor)
        on_end()

    def look() -> None:
        nonlocal timer
        if os.getppid() == parent:
            timer = loop.call_later(LOOK_AGAIN_S, look)
        else:
            on_end()

    if has_ended(parent):
        on_end()
    elif descriptor is not None:
        loop.add_reader(descriptor, end)
    else:
        look()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
        if descriptor is not None:
            loop.remove_reader(descriptor)
            os.close(descriptor)


def has_ended(parent: int) -> bool:
    """Return whether the process that started this one has ended.

    Args:
        parent: what `os.getppid` returned when this process began.
    """
    if os.getppid() != parent:
        return True
    session = os.getsid(0)
    if parent == 0 or session == os.getpid():  # it runs outside of this container, or has given us a session of our own
        return False
    with suppress(OSError):
        return os.getsid(parent) != session
    return os.getppid() != parent


def _descriptor_of(process: int) -> int | None:
    """Return a descriptor that is readable once a process has ended; None where there is none."""
    open_descriptor: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    if open_descriptor is None or process == 0:
        return None
    try:
        return open_descriptor(process)
    except OSError:  # an older kernel, or a container that does not allow it
        return None
