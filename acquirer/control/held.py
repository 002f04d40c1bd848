"""``/held``: exchanges that rules hold, which a person lets go on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from acquirer.app.serve import Running
from acquirer.control.described import answers


class Resumed(BaseModel):
    """Which exchanges go on."""

    model_config = ConfigDict(extra="forbid")
    tid: str = Field("", description="Those of this terminal; without it, of all.")
    rule: str = Field("", description="Those that this rule holds; without it, any.")


def held_routes(running: Running) -> APIRouter:
    """Return the routes about exchanges that are held."""
    found = APIRouter(tags=["held"])

    @found.get("/held", responses=answers("Held"), response_model=None)
    async def listed() -> dict[str, Any]:
        """List what rules hold at the moment, in the order of its coming; `hold_ms` 0: until it is resumed."""
        return {"held": [{"id": name, **asdict(hold)} for name, hold in running.driver.held.by_id.items()]}

    @found.post("/held/resume", responses=answers("ResumedCount"), response_model=None)
    async def resume(body: Resumed) -> dict[str, int]:
        """Let go on what is held: all, or of one terminal or rule; say how many exchanges that were."""
        return {"resumed": running.driver.held.resume(body.tid, body.rule)}

    return found
