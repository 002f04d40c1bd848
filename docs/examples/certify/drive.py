"""Do the steps of `acquirer certify run --drive "python drive.py"` with our own terminal: a pattern for yours.

It is run before each case, for each step and for each question, and keeps what the terminal said last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CANNOT = 77  # the case is then not done
LAST = Path("last.json")
TERMINAL = {"sale": "sale", "sign_on": "sign-on", "sign_off": "sign-off", "void": "void", "reverse": "reverse"}
SAYS = {"print a slip": "receipt", "sign-on failed": "failed", "could not be used": "failed", "the reason": "failed"}


def main() -> int:
    operation = os.environ["CERTIFY_OPERATION"]
    if question := os.environ["CERTIFY_QUESTION"]:
        return answer(question)
    if not operation:  # before a case, or a step that is only waited for
        return 0
    if operation not in TERMINAL or os.environ["CERTIFY_TERMINAL_FAULT"]:
        print(f"there is no way to have this terminal do '{operation}'", file=sys.stderr)
        return CANNOT
    arguments = json.loads(os.environ["CERTIFY_ARGUMENTS"])
    options = [word for name, value in arguments.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    host, tid = os.environ["CERTIFY_HOST"], os.environ["CERTIFY_TID"]
    command = ["acquirer", "terminal", TERMINAL[operation], "--host", host, "--tid", tid, "--state", "terminal"]
    command += ["--timeout", "2", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  made here
    LAST.write_text(done.stdout, encoding="utf-8")
    return 0  # how it went is judged by what the host saw


def answer(question: str) -> int:
    last = json.loads(LAST.read_text(encoding="utf-8") or "{}")
    facts = {"receipt": bool(last.get("receipt")), "failed": last.get("outcome") != "approved"}
    for words, fact in SAYS.items():
        if words in question:
            print("yes" if facts[fact] else "no")
            return 0
    return CANNOT  # no answer


sys.exit(main())
