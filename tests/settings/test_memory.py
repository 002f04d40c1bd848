"""Errors that mean that there is not enough memory."""

from __future__ import annotations

import errno

import pytest

from acquirer.settings.memory import lacks_memory


@pytest.mark.parametrize(
    ("exc", "lacks"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory", "/usr/lib/python3"), True),
        (ImportError("_rust.abi3.so: failed to map segment from shared object"), True),
        (ImportError("libssl.so.3: cannot allocate memory in static TLS block"), True),
        (RuntimeError("can't start new thread"), True),
        (SystemError("error return without exception set"), True),
        (SystemError("<function _find_and_load at 0x7f> returned NULL without setting an exception"), True),
        (OSError(errno.ENOENT, "No such file or directory"), False),
        (ModuleNotFoundError("No module named 'acquirer.none'"), False),
        (RuntimeError("the loop is closed"), False),
        (SystemError("unknown opcode"), False),
        (ValueError("failed to map segment"), False),
    ],
)
def test_which_errors_are_of_memory(exc, lacks):
    assert lacks_memory(exc) is lacks
