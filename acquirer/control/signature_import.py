"""``POST /signatures``: signatures that were exported, read back by a host that serves the store."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse

from acquirer.app.serve import Running
from acquirer.app.signature_folder import TagsOf
from acquirer.app.signature_import import SignatureError, received_signature, slip_tags_of
from acquirer.control.described import answers
from acquirer.control.document import TABLE
from acquirer.control.mistakes import Mistakes
from acquirer.control.problems import unusable_value
from acquirer.control.searching import Searching
from acquirer.model.rows import Signature

MOST: Final = 200
"""Signatures of one request: they are written in one transaction, in some tens of milliseconds."""

_KEYS: Final = ("signature", "image")
_SIGNATURES: Final = Body(
    json_schema_extra={
        "type": "array",
        "minItems": 1,
        "maxItems": MOST,
        "items": {
            "type": "object",
            "required": [*_KEYS],
            "additionalProperties": False,
            "properties": {"signature": TABLE, "image": {"type": "string"}},
        },
    },
    description="Each as 'signatures export' writes it: the description, and the image as it was received, in base64.",
)


def signature_import_routes(running: Running, searching: Searching) -> APIRouter:
    """Return the route by which signatures come back."""
    found = APIRouter(tags=["books"])
    tags_of = slip_tags_of(running.parts.dialects[0].name)

    @found.post(
        "/signatures",
        responses=answers("ImportedSignatures") | answers("ImportedSignatures", 201, "Some were added"),
    )
    async def imported(body: Annotated[Any, _SIGNATURES]) -> JSONResponse:
        """Import exported signatures, all or none; those that are there already stay. Pictures are made afterwards."""

        def write() -> list[str]:
            return [*running.store.import_signatures(_read(body, tags_of))]

        outcomes = await searching.run(write)
        running.driver.pictures.render()
        counts = {outcome: outcomes.count(outcome) for outcome in ("added", "known", "taken")}
        status = HTTPStatus.CREATED if counts["added"] else HTTPStatus.OK
        return JSONResponse({**counts, "outcomes": outcomes}, status.value)

    return found


def _read(body: object, tags_of: TagsOf) -> list[tuple[Signature, bytes, bytes]]:
    """Return the signatures of a body, without pictures. Raises Problem: with all that is wrong with them."""
    if not isinstance(body, list) or not body:
        raise unusable_value("", "must be a list of signatures, each with 'signature' and 'image'")
    if len(body) > MOST:
        raise unusable_value("", f"has {len(body)} of them; send at most {MOST} at once")
    mistakes, found = Mistakes(), []
    for place, one in enumerate(body):
        if not isinstance(one, dict) or set(one) != {*_KEYS}:
            mistakes.note(f"/{place}", "must be a table with the keys 'signature' and 'image'")
            continue
        try:
            image = base64.b64decode(one["image"], validate=True)
        except (TypeError, ValueError, binascii.Error):
            mistakes.note(f"/{place}/image", "is not the image in base64")
            continue
        try:
            found.append((*received_signature(one["signature"], image, tags_of), b""))
        except SignatureError as exc:
            mistakes.note(f"/{place}/{exc.part}", str(exc))
    mistakes.refuse()
    return found
