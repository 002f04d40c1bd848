"""Asking a host that is controlled by HTTP, for commands and for tests: one connection for each request."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.errors import PeerError
from acquirer.settings.door_file import HostDoor

TIMEOUT_S: Final = 30.0
"""A host answers in milliseconds, one under load in a second."""


AGAIN_S: Final = 0.2
"""Between two tries of a request that a host has no room for: it has some for forty more then."""


class HostUnreachableError(PeerError, LookupError):
    """No host answers where one is expected."""


class HostRefusalError(PeerError, LookupError):
    """A host does not do what it was requested to.

    Args:
        status: of HTTP.
        problem: what it sent about it (RFC 9457).
    """

    def __init__(self, url: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"the host at {url} refuses: {problem.get('detail', HTTPStatus(status).phrase)}")
        self.status, self.problem = status, problem


class HostClient:
    """Asks one host.

    Args:
        door: where it is, and the token that it demands.
    """

    def __init__(self, door: HostDoor) -> None:
        self.door = door

    def ask(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:
        """Return what a host answers, as JSON has it; None for nothing.

        Raises:
            HostUnreachableError: nothing answers, or no host of ours.
            HostRefusalError: it refuses.
        """
        url = self.door.url
        end_s = time.monotonic() + timeout_s
        try:
            while True:
                status, body = ask_host(self.door, method, path, document, timeout_s)
                if status != HTTPStatus.TOO_MANY_REQUESTS or time.monotonic() >= end_s:
                    break
                time.sleep(AGAIN_S)
            answer = parse_json(body) if body else None
        except (OSError, http.client.HTTPException, JsonTextError) as exc:
            reason = (exc.strerror or str(exc)) if isinstance(exc, OSError) else str(exc)
            raise HostUnreachableError(f"the host at {url} does not answer as it should ({reason})") from None
        if status >= HTTPStatus.BAD_REQUEST:
            raise HostRefusalError(url, status, answer if isinstance(answer, dict) else {})
        return answer


def ask_host(
    door: HostDoor,
    method: str,
    path: str,
    document: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> tuple[int, bytes]:
    """Ask a host, and return the status and the body of its answer.

    Raises:
        OSError: it cannot be reached, or does not answer in time.
        http.client.HTTPException: what answers is no HTTP.
    """
    where = urlsplit(door.url)
    host = "127.0.0.1" if where.hostname == "0.0.0.0" else "::1" if where.hostname == "::" else where.hostname  # noqa: S104
    connection = http.client.HTTPConnection(host or "", where.port, timeout=timeout_s)
    headers = {"Authorization": f"Bearer {door.token}"} if door.token else {}
    if document is not None or method != "GET":
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, None if document is None else json.dumps(document), headers)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()
