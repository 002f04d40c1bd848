"""One target, fed by atheris: libFuzzer changes inputs and keeps those that reach new lines; it never returns.

``python -m tests.fuzz.guided TARGET [OPTION OF libFuzzer]... [FOLDER]...``
"""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress

import atheris

INSTRUMENTED = ["acquirer", "iso8583"]


def main() -> None:
    """Feed the target that is named."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.table import TARGETS

        target = TARGETS[name]
        for seed in target.seeds():  # what is imported where it is needed is instrumented too
            with suppress(AssertionError):  # such a seed fails as an input, where it is written down
                target.check(seed)
    warnings.simplefilter("error")  # as in tests
    atheris.Setup([sys.argv[0], *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
