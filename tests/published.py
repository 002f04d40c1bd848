"""The shipped UnionPay dialect and the keys published with its messages, as fixtures; conftest files import them."""

import pytest

from acquirer.dialect.suite import Suite
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import load_dialect


@pytest.fixture(scope="session")
def dialect():
    return load_dialect("unionpay-pos")


@pytest.fixture(scope="session")
def suite(dialect):
    return Suite(dialect)


@pytest.fixture(scope="session")
def tmk():
    return Secret.from_hex("258FB0AB70D025CDB99DF2C4D302D646")


@pytest.fixture(scope="session")
def keys():
    """The clear keys of the published package."""
    return WorkingKeys(Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"), Secret.from_hex("AB7C577CC7A18045"))


@pytest.fixture(scope="session")
def sale(dialect):
    """The synthetic sale whose MAC was made with the published MAK, without its length prefix."""
    [sample] = [
        sample for sample in dialect.samples if sample.title == "sale, keyed in, with MAC (MAK AB7C577CC7A18045)"
    ]
    return bytes.fromhex(sample.hex)[2:]
