"""The host's quick readers say exactly what the dialect says, of any message."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.dialect.readers import Elements, Mandatory
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import Message

DIALECT = load_dialect("unionpay-pos")
READ = Elements.of(DIALECT)
VALUES = {
    de: st.binary(max_size=20) if spec.kind == "b" else st.text("0123456789", max_size=20)
    for de, spec in DIALECT.fields.items()
}


@settings(max_examples=200)
@given(came=st.fixed_dictionaries({}, optional=VALUES))
def test_readers(came):
    message = Message(DIALECT, b"", "0200", came)
    numbers = {"within": "batch", "named_stan": "stan", "named_within": "batch"}  # as UnionPay tells its sales apart
    for element in fields(Elements):
        name = numbers.get(element.name, element.name)
        assert getattr(READ, element.name)(came) == DIALECT.text(message, name)


@settings(max_examples=100)
@given(came=st.fixed_dictionaries({}, optional={de: values.filter(len) for de, values in VALUES.items()}))
@pytest.mark.parametrize("service", ["sign_on", "sale", "reversal", "echo", "sign_off"])
def test_what_is_mandatory(service, came):
    route = DIALECT.find_route(service)
    missing = DIALECT.missing(Message(DIALECT, b"", route.mti, came), route)
    assert Mandatory(DIALECT, route).complete(came) == (missing is None)
