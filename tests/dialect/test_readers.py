"""The host's quick readers say exactly what the dialect says, of any message."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.dialect.readers import ElementReaders, Mandatory
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import Message

DIALECT = load_dialect("unionpay-pos")
READ = ElementReaders.of(DIALECT)
VALUES = {
    de: st.binary(max_size=20) if spec.kind == "b" else st.text("0123456789", max_size=20)
    for de, spec in DIALECT.fields.items()
}


@pytest.mark.slow
@settings(max_examples=200)
@given(request_fields=st.fixed_dictionaries({}, optional=VALUES))
def test_readers(request_fields):
    message = Message(b"", "0200", request_fields)
    numbers = {"within": "batch", "named_stan": "stan", "named_within": "batch", "original_within": "original_batch"}
    for element in fields(ElementReaders):
        name = numbers.get(element.name, element.name)
        assert getattr(READ, element.name)(request_fields) == DIALECT.text(message, name)


@pytest.mark.slow
@settings(max_examples=100)
@given(request_fields=st.fixed_dictionaries({}, optional={de: values.filter(len) for de, values in VALUES.items()}))
@pytest.mark.parametrize("service", ["sign_on", "sale", "reversal", "echo", "sign_off"])
def test_what_is_mandatory(service, request_fields):
    route = DIALECT.find_route(service)
    missing = DIALECT.missing(Message(b"", route.mti, request_fields), route)
    assert Mandatory(DIALECT, route).complete(request_fields) == (missing is None)
