"""The file a new dialect begins with says what its parent says, line for line."""

from __future__ import annotations

import re
import tomllib

import pytest

from acquirer.data.toml import parse_toml
from acquirer.dialect.loading import load, resolve
from acquirer.dialect.template import template
from acquirer.settings.specs import dialect_names, document, finder, load_dialect


def begun(name):
    return template("mine", name, resolve(document(name), finder(name)))


def freed(text):
    """All comments that are TOML without their ``#``."""
    return re.sub(r"(?m)^# (\[[a-z_.]+\]$|[a-zA-Z0-9_]+ +=)", r"\1", text).replace("samples = false", "")


@pytest.mark.parametrize("name", dialect_names())
def test_a_new_file_is_its_parent_under_another_name(name):
    parent, text = load_dialect(name), begun(name)
    assert tomllib.loads(text) == {"dialect": "mine", "title": "mine", "extends": name}
    for written in (text, freed(text)):
        built = load(parse_toml(written, "mine.toml"), finder(name))
        assert (built.name, built.title.en) == ("mine", "mine")
        for what in (
            "framing",
            "envelope",
            "fields",
            "elements",
            "constants",
            "reasons",
            "codes",
            "security",
            "terminal_profile",
        ):
            assert getattr(built, what) == getattr(parent, what), what
        assert {route.service: route for route in built.routes} == {route.service: route for route in parent.routes}


@pytest.mark.parametrize("name", dialect_names())
def test_its_comments_name_every_route_and_reason(name):
    tables = tomllib.loads(freed(begun(name)))
    parent = load_dialect(name)
    assert set(tables["routes"]) == {
        route.name for route in parent.routes if route.served or route.name in tables["routes"]
    }
    assert tables["reasons"] == dict(parent.reasons)
    assert tables["framing"]["length"] == parent.framing.name
