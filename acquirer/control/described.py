"""What OpenAPI says of the answers of a route."""

from __future__ import annotations

from typing import Any

from acquirer.control.forms import JSON
from acquirer.control.schema_words import FORMS, JsonSchema, ref
from acquirer.control.schemas import SCHEMAS

DescribedAnswer = dict[int | str, dict[str, Any]]
"""Answers by their status, as FastAPI takes them."""


def reference(name: str) -> JsonSchema:
    """Return the schema of a document by its name in `SCHEMAS`."""
    assert name in SCHEMAS, name
    return ref(name)


def answers(name: str, status: int = 200, description: str = "", **forms: JsonSchema) -> DescribedAnswer:
    """Return what OpenAPI says of an answer: the document that it is, and beside it other media types.

    Args:
        description: of the status; "": FastAPI's own.
        forms: schemas of other media types, by names that stand in `FORMS`.
    """
    content = {JSON: {"schema": reference(name)}, **{FORMS[form]: {**schema} for form, schema in forms.items()}}
    return {status: {"content": content} | ({"description": description} if description else {})}
