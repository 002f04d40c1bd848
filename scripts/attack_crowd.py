"""A crowd of terminals that do nothing but sign on, each as soon as it is answered, and remember what they heard."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import Final

from acquirer.dialect.suite import Suite
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.security.secret import Secret
from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import DEMO
from acquirer.store.queries import Reader

TMK: Final = "258FB0AB70D025CDB99DF2C4D302D646"  # published
ANSWER_S: Final = 10.0  # for one answer: longer than a host is held or stands still


class Crowd:
    """So many terminals; each has one connection, and one request under way."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.unanswered = 0
        self._dialect = load_dialect("unionpay-pos")
        self._suite = Suite(self._dialect)
        self._templates, self._mid = sign_on_templates(self._dialect, max(size, 1))
        self._stans = [count(1) for _ in range(size)]
        self._heard: list[dict[str, str]] = [{} for _ in range(size)]  # of each terminal: codes by STAN
        self._keys: list[bytes] = [b""] * size  # of its last sign-on that was approved, as they travelled

    @property
    def answers(self) -> int:
        """How many answers were heard."""
        return sum(map(len, self._heard))

    def registered(self) -> str:
        """Return terminals to register, as TOML: the shipped ones and these."""
        shipped = (specs_dir() / DEMO).read_text("utf-8")
        if not self.size:
            return shipped
        tids = f"{FIRST_TID}..{FIRST_TID + self.size - 1}"
        return f'{shipped}\n[[terminal]]\ntid = "{tids}"\nmid = "{self._mid}"\ntmk = "{TMK}"\ntest = true\n'

    def start(self, port: int) -> list[asyncio.Task[None]]:
        """Have all of them sign on at a host until it answers no more."""
        return [asyncio.create_task(self._work(number, port)) for number in range(self.size)]

    async def _work(self, number: int, port: int) -> None:
        template = self._templates[number]
        heard = self._heard[number]
        writer: asyncio.StreamWriter | None = None
        stan = ""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for place in self._stans[number]:
                stan = f"{place:06d}"
                writer.write(template.frame(bytes.fromhex(stan)))
                size = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), ANSWER_S), "big")
                reply = self._dialect.decode(await reader.readexactly(size))
                assert self._dialect.text(reply, "stan") == stan
                heard[stan] = code = self._dialect.text(reply, "code")
                stan = ""
                if code == "00":
                    keys = self._dialect.get(reply, "keys")
                    assert isinstance(keys, bytes)
                    self._keys[number] = keys
        except (OSError, EOFError, TimeoutError):
            self.unanswered += bool(stan)
        finally:
            if writer is not None:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    def lost(self, reader: Reader) -> list[str]:
        """Return which answers are not in the journal, and which keys the host does not have any more."""
        tids = {str(FIRST_TID + number): number for number in range(self.size)}
        journal: list[dict[str, str]] = [{} for _ in tids]
        for one in reader.every():
            if one.tid in tids:
                journal[tids[one.tid]][one.stan] = one.code
        problems = [
            f"heard by terminal {tid} and not in the journal: {code} to STAN {stan}"
            for tid, number in tids.items()
            for stan, code in self._heard[number].items()
            if code not in UNJOURNALLED and journal[number].get(stan) != code
        ]
        for config, session in reader.terminals():
            if (number := tids.get(config.tid)) is not None and self._keys[number]:
                kcvs = self._suite.accept("003", Secret.from_hex(TMK), self._keys[number]).kcvs
                generations = [one for one in (session.current, session.previous) if one is not None]
                if kcvs not in [one.kcvs for one in generations]:
                    problems.append(f"terminal {config.tid}: the host does not have the keys that it handed out")
        return problems


UNJOURNALLED: Final = frozenset({"91", "96"})
"""Answers while nothing can be written."""
