"""The routes of one host, and what becomes of errors in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from acquirer import __version__
from acquirer.app.serve import Running
from acquirer.control.batches import batch_routes
from acquirer.control.books import book_routes
from acquirer.control.cards import card_routes
from acquirer.control.clock import clock_routes
from acquirer.control.described import reference
from acquirer.control.exchanges import exchange_routes
from acquirer.control.explain import explain_routes
from acquirer.control.faults import fault_routes
from acquirer.control.health import health_routes
from acquirer.control.held import held_routes
from acquirer.control.journal import journal_routes
from acquirer.control.metrics import metrics_routes
from acquirer.control.mistakes import Mistakes
from acquirer.control.population import population_routes
from acquirer.control.problems import MEDIA_TYPE, Problem, pointer_of, unusable_value, unusable_values
from acquirer.control.receipts import receipt_routes
from acquirer.control.rules import rule_routes
from acquirer.control.schemas import SCHEMAS
from acquirer.control.searching import Searching
from acquirer.control.signature_import import signature_import_routes
from acquirer.control.stream import Streams, stream_routes
from acquirer.control.terminals import terminal_routes
from acquirer.data.toml import DataError, did_you_mean
from acquirer.errors import AcquirerError, StoreError
from acquirer.matcher.keys import ConditionError

_DESCRIPTION: Final = """\
Control of an acquirer's host: rules, faults and journal while it serves. Problems are `application/problem+json`
(RFC 9457), with a JSON pointer to what is wrong where there is one.
"""


class ControlApplication(FastAPI):
    """An application whose description has the schemas of its documents."""

    def openapi(self) -> dict[str, Any]:
        """Return the description, as OpenAPI 3.1."""
        found = super().openapi()
        found["components"]["schemas"] |= SCHEMAS
        return found


def make_application(running: Running, searching: Searching, streams: Streams) -> FastAPI:
    """Return the application that answers for a host."""
    application = ControlApplication(
        title="acquirer",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        responses={
            "default": {"description": "A problem", "content": {MEDIA_TYPE: {"schema": {**reference("Problem")}}}}
        },
    )
    known: list[APIRoute] = []
    for routes in (
        health_routes(running),
        journal_routes(running, searching),
        rule_routes(running, searching),
        fault_routes(running, searching),
        terminal_routes(running, searching),
        held_routes(running),
        book_routes(running, searching),
        signature_import_routes(running, searching),
        batch_routes(running, searching),
        card_routes(running, searching),
        exchange_routes(running, searching),
        explain_routes(running, searching),
        population_routes(running, searching),
        clock_routes(running),
        receipt_routes(running, searching),
        metrics_routes(running, searching),
        stream_routes(streams),
    ):
        for route in routes.routes:
            if isinstance(route, APIRoute):
                _describe(route)
                known.append(route)
        application.include_router(routes, dependencies=[Depends(_known_parameters)])
    application.state.known_routes = known
    handlers: dict[Any, Any] = {
        Problem: _of_problem,
        ConditionError: _of_condition,
        DataError: _of_data,
        StoreError: _of_store,
        RequestValidationError: _of_request,
        WebSocketRequestValidationError: _of_request,
        HTTPException: _of_route,
        AcquirerError: _of_error,
        Exception: _of_failure,
    }
    for error, handler in handlers.items():
        application.add_exception_handler(error, handler)
    return application


async def _known_parameters(connection: HTTPConnection) -> None:
    """Refuse a parameter that a route does not have: mistyped, it would let through what it was meant to filter."""
    known = sorted(field.alias for field in connection.scope["route"].dependant.query_params)
    mistakes = Mistakes()
    for name in connection.query_params:
        if name not in known:
            near = did_you_mean(name, known) or (f"; there are {', '.join(known)}" if known else "; there is none")
            mistakes.note(f"query/{name[:80]}", f"unknown parameter{near}")
    mistakes.refuse()


def _describe(route: APIRoute) -> None:
    """Give an operation the first line of its docstring as summary, and a name for clients that are generated."""
    words = re.findall(r"\w+", route.path)
    route.operation_id = "_".join([*sorted(method.lower() for method in route.methods or ()), *words]).replace("-", "_")
    route.summary = route.description.partition("\n")[0].rstrip(".")


async def _of_problem(_request: Request | WebSocket, exc: Problem) -> JSONResponse:
    return exc.response()


async def _of_condition(request: Request | WebSocket, exc: ConditionError) -> JSONResponse:
    where = (
        "query/filter" if request.scope.get("method", "GET") == "GET" else f"/when/{exc.key}" if exc.key else "/when"
    )
    place = f"at '{exc.place}': " if exc.place else ""
    return unusable_value(where, f"{place}{exc.problem}").response()


async def _of_data(_request: Request, exc: DataError) -> JSONResponse:
    return unusable_value(pointer_of(exc.key), exc.problem).response()


async def _of_store(_request: Request, exc: StoreError) -> JSONResponse:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "store", str(exc)).response()


async def _of_error(_request: Request, exc: AcquirerError) -> JSONResponse:
    return unusable_value("", str(exc)).response()


async def _of_request(
    _request: Request | WebSocket, exc: RequestValidationError | WebSocketRequestValidationError
) -> JSONResponse:
    return unusable_values((_place(error["loc"]), _sentence(error)) for error in exc.errors()).response()


async def _of_route(request: Request, exc: HTTPException) -> JSONResponse:
    if exc.status_code == HTTPStatus.NOT_FOUND:
        problem = Problem(HTTPStatus.NOT_FOUND, "no-route", "there is nothing here; /openapi.json lists all there is")
    elif exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_methods(request))
        sentence = f"this can be asked with {allowed} only"
        problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method", sentence, headers={"Allow": allowed})
    else:
        problem = Problem(HTTPStatus(exc.status_code), "refused", str(exc.detail))
    return problem.response()


def _methods(request: Request) -> list[str]:
    """Return the methods of all routes of a path: Starlette names those of the first alone."""
    path = request.scope["path"]
    found = {
        method
        for route in request.app.state.known_routes
        if route.path_regex.match(path)
        for method in route.methods or ()
    } or {"GET"}  # the description itself, which is no route of ours
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


async def _of_failure(_request: Request, _exc: Exception) -> JSONResponse:
    sentence = "the host could not answer, and its log says where it failed; exchanges go on"
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", sentence).response()


def _place(steps: Sequence[Any]) -> str:
    """Return where a value stands that FastAPI refused."""
    first, *rest = steps
    if first == "body":
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in rest)
    return "/".join(map(str, steps))


def _sentence(error: Any) -> str:
    text = str(error["msg"]).removeprefix("Value error, ")
    return text[0].lower() + text[1:] if text else "cannot be used"
