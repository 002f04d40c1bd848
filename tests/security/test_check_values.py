"""Check values by OpenSSL itself: those of `Secret`, or none at all."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.check_values import check_value_maker
from acquirer.security.ciphers import KEY_SIZES, CipherName
from acquirer.security.packages import PackageIssuer
from acquirer.security.secret import CheckValue, Secret
from acquirer.settings.specs import load_dialect

SIZES = [(cipher, size) for cipher, sizes in KEY_SIZES.items() for size in sizes]
PACKAGE = load_dialect("unionpay-pos").security.packages["003"]


def maker(cipher: CipherName, size: int) -> CheckValue:
    """What is tested; where this Python has none, there is nothing to test."""
    make = check_value_maker(cipher, size)
    if make is None:
        pytest.skip("this Python has no OpenSSL that can be called")
    return make


@pytest.mark.parametrize(("cipher", "size"), SIZES)
@given(data=st.data())
def test_the_value_is_that_of_a_cipher_of_that_key(cipher: CipherName, size: int, data: st.DataObject) -> None:
    make = maker(cipher, size)
    for clear in data.draw(st.lists(st.binary(min_size=size, max_size=size), min_size=1, max_size=3)):
        wanted = data.draw(st.integers(1, 8))
        assert make(clear, wanted) == Secret(clear, cipher).check_value(wanted)


@pytest.mark.parametrize(("cipher", "size"), SIZES)
def test_a_key_of_another_size_is_refused(cipher: CipherName, size: int) -> None:
    make = maker(cipher, size)
    for other in {0, 7, 8, 16, 24, 32, 33} - {size}:
        with pytest.raises(ValueError, match="check value"):
            make(bytes(other), 4)


def test_without_openssl_keys_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = PackageIssuer(PACKAGE, "single").fresh(random.Random(3).randbytes)
    monkeypatch.setitem(sys.modules, "_ssl", None)
    assert check_value_maker("3des", 16) is None
    assert PackageIssuer(PACKAGE, "single").fresh(random.Random(3).randbytes) == keys


def test_what_is_no_library_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Built:
        """A module that is built into Python: it has no file."""

    monkeypatch.setitem(sys.modules, "_ssl", Built())
    assert check_value_maker("3des", 16) is None
    monkeypatch.setattr(Built, "__file__", __file__, raising=False)
    assert check_value_maker("3des", 16) is None
