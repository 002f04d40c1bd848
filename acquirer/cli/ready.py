"""``acquirer ready``: wait until a host is ready, for scripts, pipelines and health checks of containers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stores import ObjectOption, StoreOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.settings.door_file import HostDoor

WITHIN: Final = "10s"  # a host starts in about a second, some seconds on a busy machine

LOOK_AGAIN_S: Final = 0.1
"""Between two looks: soon enough for a script, nothing for a host."""


class Look(NamedTuple):
    """What one look at a host has found.

    Args:
        code: OK, or what the command ends with if nothing changes until the time is over.
        problem: why the host is not ready, without its full stop.
        final: waiting changes nothing.
        fields: what the ready line of the host says, as far as that could be read.
    """

    code: Code
    problem: str = ""
    final: bool = False
    fields: Mapping[str, Any] = MappingProxyType({})


def command(
    http: str | None = typer.Option(
        None, "--http", metavar="URL", help="Of a host with --http, as its ready line says it: http://127.0.0.1:18583"
    ),
    host: str | None = typer.Option(
        None, "--host", metavar="HOST:PORT", help="Where terminals reach a host or a relay; also without HTTP."
    ),
    store: str | None = StoreOption,
    timeout: str = typer.Option(WITHIN, "--timeout", metavar="TIME", help="Wait for so long: 10s, 250ms, 1min, 0."),
    as_json: bool = ObjectOption,
) -> int:
    """Wait until a host is ready: until requests of terminals are answered as they should be.

    Without --http and --host it is the host that serves the store of --store or of the settings, by HTTP too. A token
    that it demands is read from ACQUIRER_HTTP_TOKEN or acquirer.toml, for a store from the file beside it.
    Ends with 0 as soon as it is ready, 3 when none listens until the time is over, 4 when one does and is not ready.
    """
    import json

    from acquirer.cli.journal_query import seconds_of

    limit_s = seconds_of("--timeout", timeout)
    if sum(one is not None for one in (http, host, store)) > 1:
        raise Exit(Code.USAGE, "Name the host once: by --http, --host or --store.")
    if http is not None:
        where, look = _by_url(http)
    elif host is not None:
        where, look = _by_address(host)
    else:
        where, look = _by_store(store)
    end_s = time.monotonic() + limit_s
    while True:
        found = look(max(end_s - time.monotonic(), LOOK_AGAIN_S))
        rest_s = end_s - time.monotonic()
        if found.code == Code.OK or found.final or rest_s <= 0:
            break
        time.sleep(min(LOOK_AGAIN_S, rest_s))
    if found.code == Code.OK:
        at = "" if http or host else f" at {found.fields['http']}"
        print(json.dumps(dict(found.fields), ensure_ascii=False) if as_json else f"ready: {where}{at}")
        return Code.OK
    waited = "" if found.final or not limit_s else f" within {timeout}"
    raise Exit(found.code, f"{where} is not ready{waited}: {found.problem}.")


def _by_url(text: str) -> tuple[str, Callable[[float], Look]]:
    """Return how a host is called in sentences, and what looks whether it is ready. Raises Exit."""
    from urllib.parse import urlsplit

    from acquirer.cli.stores import settings
    from acquirer.settings.door_file import HostDoor

    url = (text if "://" in text else f"http://{text}").rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and parts.hostname and parts.port and not parts.path and not parts.query
    except ValueError:  # of a port
        usable = False
    if not usable:
        raise Exit(Code.USAGE, f"--http: '{text}' is no address of a host; write it like http://127.0.0.1:18583.")
    door = HostDoor(url, settings(None).http_token or "", 0)
    return f"the host at {door.url}", lambda limit_s: _ask(door, limit_s)


def _by_address(text: str) -> tuple[str, Callable[[float], Look]]:
    import socket

    from acquirer.app.terminal_connection import reason_of
    from acquirer.cli.reaching import typed_host

    to = typed_host("--host", text)

    def look(limit_s: float) -> Look:
        try:
            socket.create_connection(to[:2], limit_s).close()
        except OSError as exc:
            return Look(Code.NO_CONNECTION, reason_of(exc))
        return Look(Code.OK, fields={"event": "ready", "listen": str(to)})

    return f"the host at {to}", look


def _by_store(store: str | None) -> tuple[str, Callable[[float], Look]]:
    from acquirer.cli.stores import settings, store_problems
    from acquirer.settings.door_file import read_door
    from acquirer.store.location import database_path, lock_holder

    url = settings(store).store
    with store_problems():
        database = database_path(url)
    if database is None:
        raise Exit(Code.USAGE, "A memory: store cannot be found from outside: name the host by --http or --host.")

    def look(limit_s: float) -> Look:
        holder = lock_holder(database)
        if not holder:
            return Look(Code.NO_CONNECTION, "no host serves it")
        door = read_door(database, holder)
        if door is None:
            return Look(Code.NO_REPLY, "it starts, or serves without HTTP: use serve --http, or name it by --host")
        return _ask(door, limit_s)

    return f"the host of {url}", look


def _ask(door: HostDoor, limit_s: float) -> Look:
    """Look at a host by HTTP."""
    import http.client
    from http import HTTPStatus

    from acquirer.app.host_client import ask_host
    from acquirer.data.json_text import JsonTextError, parse_json

    try:
        status, answer = ask_host(door, "GET", "/readyz", timeout_s=limit_s)
        if status == HTTPStatus.OK and answer.strip() == b"ok":
            status, answer = ask_host(door, "GET", "/version", timeout_s=limit_s)
            fields = {"event": "ready", **parse_json(answer), "http": door.url}
            return Look(Code.OK, fields=fields)
    except (http.client.HTTPException, ConnectionResetError, JsonTextError):
        return Look(
            Code.UNDECODABLE, "what listens there does not speak HTTP; the port of terminals is named by --host"
        )
    except ConnectionRefusedError:
        return Look(Code.NO_CONNECTION, "nothing listens there")
    except TimeoutError:
        return Look(Code.NO_REPLY, "no reply was received in time")
    except OSError as exc:
        return Look(Code.NO_CONNECTION, (exc.strerror or str(exc)).lower())
    if status == HTTPStatus.UNAUTHORIZED:
        return Look(Code.USAGE, "it demands its token: set ACQUIRER_HTTP_TOKEN", final=True)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and answer:
        return Look(Code.NO_REPLY, answer.decode("utf-8", "replace").strip().replace("\n", "; ")[:300])
    try:
        return Look(Code.USAGE, str(parse_json(answer)["detail"]), final=True)
    except (JsonTextError, KeyError, TypeError):
        return Look(Code.UNDECODABLE, f"what answers there is not a host: /readyz was answered {status}", final=True)
