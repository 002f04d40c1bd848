"""``/clock``: the time of a host, and how it is set ahead where ``serve --clock virtual`` allows it."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from acquirer.app.serve import Running
from acquirer.app.skipping import virtual_time_of
from acquirer.control.described import answers
from acquirer.control.problems import Problem, unusable_value
from acquirer.data.moments import with_times
from acquirer.scenario.parameters import read_duration_ms

AT_WORK_S: Final = 30.0
"""So long the machine may work at it: exchanges that go on without a pause let no time be skipped."""


class AdvanceBody(BaseModel):
    """How far the time is set ahead."""

    model_config = ConfigDict(extra="forbid")
    advance: str = Field(max_length=40, description="As 35s, 1500ms, 10min; a day at most.")


def clock_routes(running: Running) -> APIRouter:
    """Return the routes about time."""
    found = APIRouter(tags=["host"])
    time = virtual_time_of(running)
    one_at_a_time = asyncio.Lock()

    def document() -> dict[str, Any]:
        moment = with_times({"now_us": running.parts.clock.now_us()}, running.parts.config.timezone)
        ahead_us = 0 if time is None else time.clock.ahead_us
        return {**moment, "virtual": time is not None, "ahead_ms": ahead_us // 1000}

    @found.get("/clock", responses=answers("Clock"), response_model=None)
    async def now() -> dict[str, Any]:
        """Return the host's time, whether it can be set ahead, and how far it was."""
        return document()

    @found.post(
        "/clock",
        responses={**answers("Clock"), 409: {"description": "Its time is the machine's, or it is never at rest"}},
        response_model=None,
    )
    async def advance(body: AdvanceBody) -> dict[str, Any]:
        """Set the time ahead, from timer to timer, each of which happens at its time; for a virtual clock alone."""
        try:
            seconds = read_duration_ms(body.advance) / 1000
        except ValueError as exc:
            raise unusable_value("/advance", str(exc)) from None
        if time is None:
            sentence = "the time of this host is the machine's; start it with --clock virtual to set it ahead"
            raise Problem(HTTPStatus.CONFLICT, "real-clock", sentence)
        async with one_at_a_time:
            advancing = asyncio.ensure_future(time.advance(seconds))
            await _bounded(advancing)
        return document()

    return found


async def _bounded(advancing: asyncio.Future[None]) -> None:
    """Wait until the time is ahead. Raises Problem: the host is never at rest."""
    end_s = monotonic() + AT_WORK_S  # the loop's own timers are set ahead too
    while not advancing.done():
        if monotonic() >= end_s:
            advancing.cancel()
            sentence = f"exchanges went on for {AT_WORK_S:g} s without a pause, so that not all of it could be skipped"
            raise Problem(HTTPStatus.CONFLICT, "busy", sentence)
        await asyncio.sleep(0)
    advancing.result()
