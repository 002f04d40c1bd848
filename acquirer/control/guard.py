"""Who may ask for what: looked at before anything else is, for each request.

1. Requests come no faster than `RATE`, and at most `MOST_REQUESTS` are open: exchanges are not kept waiting by them.
2. `Host` names this machine's loopback, the address that was given or reached, or a name that is listed: a page that
   had its own name resolved to 127.0.0.1 (DNS rebinding) names another one.
3. `Origin` is absent or equal to `Host`, and no CORS header is ever sent: a page of another site reads nothing.
4. What changes something has JSON in its body and says so, a ``PATCH`` as a merge patch if it likes: a form of another
   site cannot.
5. Where others than this machine can reach it, the bearer token that was printed at the start is demanded; of a
   WebSocket also as a subprotocol, for browsers send no other header of their own (`control.subprotocols`).
6. A body has `MOST_BYTES` at most, arrives within `BODY_S`, and is JSON as `data.json_text` reads it.

``HEAD`` is answered as ``GET`` is: uvicorn sends the headers alone. What a client has already is not sent again
(`control.conditional`).
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from acquirer.control.asgi import AsgiApplication, AsgiMessage, AsgiReceive, AsgiSend
from acquirer.control.conditional import unless_known
from acquirer.control.forms import JSON
from acquirer.control.problems import Problem
from acquirer.control.subprotocols import offered_token
from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.data.text import plural
from acquirer.observe.log import Log
from acquirer.settings.listen import Address

MOST_BYTES: Final = 1 << 20
"""Of a body: a thousand rules have some 200 KB."""

BODY_S: Final = 10.0
"""Within which a body arrives: a slower one is no program at work."""

MOST_REQUESTS: Final = 128
"""Open at one time: twice those that may wait for exchanges, and no client has so many."""

RATE: Final = 200.0
"""Requests a second: each takes about a millisecond of the loop, so a fifth of it at most."""

BURST: Final = 400.0
"""Requests at once, after a rest: the start of a CI job."""

WRITING: Final = ("POST", "PUT", "PATCH", "DELETE")
MERGE_PATCH: Final = "application/merge-patch+json"  # RFC 7396: no form of another site has that type either
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:/@\s,]+))(?::[0-9]{1,5})?")
_OPEN: Final = "/livez"  # without a token: it says nothing but that something answers
PACKS: Final = "/populate"  # which takes the file of a pack too: a form of another site cannot send that either
TOML: Final = "application/toml"
_LINKS: Final = "/receipts/"  # likewise: the link itself is the token


class Guard:
    """Lets requests through to an application, or answers why not. On the loop's thread.

    Args:
        address: that was asked for.
        hosts: names that are listed beside it, with a port or without.
        token: that is demanded; "": none.
    """

    def __init__(
        self,
        application: AsgiApplication,
        address: Address,
        hosts: Collection[str],
        token: str,
        log: Log,
        now_s: Callable[[], float],
    ) -> None:
        self._application = application
        bare = {host.strip("[]").lower() for host in (address.host, *hosts)}
        self._hosts = (bare | {_name(host) for host in hosts}) - {""}  # one may be listed with its port
        self._token = token
        self._log = log
        self._now_s = now_s
        self._requests = 0
        self._tokens = BURST
        self._filled_s = now_s()

    async def __call__(self, scope: MutableMapping[str, Any], receive: AsgiReceive, send: AsgiSend) -> None:
        """Answer one request, as ASGI has it: of HTTP, or the one that opens a WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            return
        method = scope.get("method", "GET")  # with which a WebSocket begins
        if method == "HEAD":
            method = "GET"
            scope = {**scope, "method": method}
        self._requests += 1
        try:
            self._check_load()
            headers = _headers(scope["headers"])
            self._check_sender(scope, headers)
            if method in WRITING:
                receive = await _with_body(method, headers, receive, as_toml=scope["path"] == PACKS)
            elif scope["type"] == "http":
                send = unless_known(headers, send)
        except Problem as exc:
            await exc.response()(scope, receive, send)
            return
        else:
            await self._answer(scope, receive, send)
        finally:
            self._requests -= 1

    async def _answer(self, scope: MutableMapping[str, Any], receive: AsgiReceive, send: AsgiSend) -> None:
        try:
            await self._application(scope, receive, send)
        except Exception as exc:  # it was answered: 500
            client = scope.get("client") or ("", 0)
            self._log.fault("http-failed", f"{client[0]}:{client[1]}", exc)

    def _check_load(self) -> None:
        now_s = self._now_s()
        self._tokens = min(self._tokens + (now_s - self._filled_s) * RATE, BURST)
        self._filled_s = now_s
        if self._requests > MOST_REQUESTS:
            sentence = f"{MOST_REQUESTS} requests are open already; end one, or wait for it"
        elif self._tokens < 1:
            sentence = f"more than {RATE:g} requests a second; ask less often, or wait for exchanges with /journal/wait"
        else:
            self._tokens -= 1
            return
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too-many", sentence, headers={"Retry-After": "1"})

    def _check_sender(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        method, path, websocket = scope.get("method", "GET"), scope["path"], scope["type"] == "websocket"
        reached, _ = scope.get("server") or ("", 0)
        host = headers.get("host", "")
        # Under 0.0.0.0, the address that a client has reached: no page of another site has it as its own name.
        if not self._is_ours(_name(host)) and _name(host) != reached:
            sentence = f"this host is not called '{host[:80]}'; use its address, or list the name with --http-host"
            raise Problem(HTTPStatus.FORBIDDEN, "host", sentence)
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            sentence = f"a page of '{origin[:80]}' may not ask; ask from a program, or from a page of this host"
            raise Problem(HTTPStatus.FORBIDDEN, "origin", sentence)
        is_open = path == _OPEN or (method == "GET" and path.startswith(_LINKS))
        if self._token and not is_open:
            given = headers.get("authorization", "")
            if not given and websocket:
                given = f"Bearer {offered_token(scope.get('subprotocols', ()))}"
            if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {self._token}".encode()):
                sentence = "send 'Authorization: Bearer TOKEN' with the token that the host printed when it was ready"
                sentence += ", or offer the subprotocol 'bearer.TOKEN'" if websocket else ""
                challenge = {"WWW-Authenticate": "Bearer"}
                raise Problem(HTTPStatus.UNAUTHORIZED, "token", sentence, headers=challenge)

    def _is_ours(self, name: str) -> bool:
        if name in self._hosts or name == "localhost":
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def content_kind(headers: Mapping[str, str]) -> str:
    """Return the media type of a body, without its parameters; "" where it has none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _with_body(method: str, headers: Mapping[str, str], receive: AsgiReceive, *, as_toml: bool) -> AsgiReceive:
    """Return what hands a body on that was read, whole. Raises Problem."""
    kind = content_kind(headers)
    as_toml = as_toml and kind == TOML
    types = (JSON, MERGE_PATCH) if method == "PATCH" else (JSON,)
    if kind not in types and not as_toml and (method != "DELETE" or kind):
        sentence = f"the content is '{kind[:80]}'" if kind else "the content has no type"
        sentence += f"; send JSON, with the header 'Content-Type: {' or '.join(types)}'"
        accepted = {"Accept-Patch": ", ".join(types)} if method == "PATCH" else {}
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type", sentence, headers=accepted)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return _once(message, receive)
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    raise _too_large()
                if not message.get("more_body"):
                    break
    except TimeoutError:
        sentence = f"the body did not arrive within {BODY_S:g} s; send it at once"
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "slow", sentence, headers={"Connection": "close"}) from None
    if body and not as_toml:
        try:
            parse_json(bytes(body))
        except JsonTextError as exc:
            raise Problem(HTTPStatus.BAD_REQUEST, "not-json", f"the body is not JSON: {exc}") from None
    return _once({"type": "http.request", "body": bytes(body), "more_body": False}, receive)


def _once(message: AsgiMessage, receive: AsgiReceive) -> AsgiReceive:
    waiting = [message]

    async def replay() -> AsgiMessage:
        return waiting.pop() if waiting else await receive()

    return replay


def _too_large() -> Problem:
    sentence = f"the body is larger than {plural(MOST_BYTES >> 20, 'MiB')}; send it in parts"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", sentence, headers={"Connection": "close"})


def _headers(raw: Collection[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by name; what stands twice joined, so that no second `Host` is overlooked."""
    found: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _name(host: str) -> str:
    """Return the name in a `Host` header, as names are compared; "" where it is none.

    >>> _name("LocalHost:18583"), _name("[::1]:80"), _name("[::1].evil.example")
    ('localhost', '::1', '')
    """
    found = _HOST.fullmatch(host.strip().lower())
    return "" if found is None else found[1] or found[2]
