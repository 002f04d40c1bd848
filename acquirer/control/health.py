"""``/livez``, ``/readyz``, ``/version``: whether a host answers, whether it works, and which one it is."""

from __future__ import annotations

import platform
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from acquirer import __version__
from acquirer.app.serve import Running
from acquirer.control.described import answers

_TEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/plain": {}}},
    503: {"description": "It does not work", "content": {"text/plain": {}}},
}


def health_routes(running: Running) -> APIRouter:
    """Return the routes about a host itself."""
    found = APIRouter(tags=["host"])

    @found.get("/livez", response_class=PlainTextResponse)
    async def livez() -> str:
        """Say that the loop of the host goes round."""
        return "ok\n"

    @found.get("/readyz", response_class=PlainTextResponse, responses=_TEXT)
    async def readyz(
        verbose: str | None = Query(None, description="With it, each check stands on a line of its own."),
    ) -> PlainTextResponse:
        """Say whether requests of terminals are answered as they should be; 503 when they are not."""
        checks = _checks(running)
        failed = [f"{name}: {problem}" for name, problem in checks.items() if problem]
        lines = [
            f"{'failed' if problem else 'ok'} {name}{f': {problem}' if problem else ''}"
            for name, problem in checks.items()
        ]
        text = "\n".join(lines if verbose is not None else failed or ["ok"])
        status = HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK
        return PlainTextResponse(f"{text}\n", status.value)

    @found.get("/version", responses=answers("Version"), response_model=None)
    async def version() -> dict[str, Any]:
        """Return which program this is, and what it serves, as the ready line says it."""
        ready = {name: value for name, value in running.ready.items() if name != "event"}
        return {
            "version": __version__,
            "python": platform.python_version(),
            "timezone": running.parts.config.timezone,
            **ready,
        }

    return found


def _checks(running: Running) -> dict[str, str]:
    """Return what is looked at, and what is wrong with it; "" where nothing is."""
    store, driver = running.store, running.driver
    failed = store.fatal_error or ("does not answer" if driver.failed.is_set() else "")
    return {
        "store": failed or ("another program holds the database" if store.locked else ""),
        "commits": "queue backed up, reading paused" if store.congested else "",
        "listeners": "" if running.server.listeners else "none is open",
    }
