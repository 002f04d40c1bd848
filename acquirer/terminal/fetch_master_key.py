"""A new master key from the host (终端主密钥下载): its public key, the master key itself, and putting it to use.

The new key is kept before its activation is asked for: when that is not answered, the host may use it already. Then
the next sign-on tells: keys that open under it put it to use here too (`sign_on`).

Source: Q/CUP 009: 352, 350, 351.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from acquirer.downloads.master_key import read_master_key, read_public_key, write_transport_key
from acquirer.security.key_transport import make_transport_key, unwrap_master_key
from acquirer.terminal.download_steps import Fetched, ask, guarded, read_reply, unreadable_reply
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.machine import Machine

SERVICE: Final = "tmk"


def download_master_key(machine: Machine) -> Program[Result]:
    """Fetch a master key and put it to use; the terminal signs on under it next.

    Raises:
        LookupError: the dialect has no such download.
    """
    machine.setup.dialect.find_route(SERVICE)
    fetched = yield from _fetch(machine)
    if fetched.ended:
        downloaded = replace(machine.state.downloaded, **fetched.changes)
        yield from machine.keep(downloaded=downloaded, keys=None, signed_on=False)
    yield from fetched.end()
    sentence = fetched.summary if not fetched.problem else f"no master key was fetched: {fetched.problem}"
    return Result(SERVICE, fetched.outcome, fetched.exchange, sentence)


@guarded
def _fetch(machine: Machine) -> Program[Fetched]:
    exchange = yield from ask(machine, "rsa_key")
    own = read_reply(exchange, read_public_key)
    try:
        transport, block, check_value = make_transport_key(own.key, machine.setup.randbytes)
    except ValueError as exc:
        raise unreadable_reply(exchange, str(exc)) from None
    exchange = yield from ask(machine, SERVICE, write_transport_key(own.name, block, check_value))
    master = read_reply(exchange, lambda data: unwrap_master_key(transport, *read_master_key(data)))
    yield from machine.keep(downloaded=replace(machine.state.downloaded, next_tmk=master))
    end = yield from ask(machine, "tmk_activation", last=True)
    end.note(f"master key {master.kcv()}")
    return Fetched(end, f"master key {master.kcv()} is in use: sign on", {"tmk": master, "next_tmk": None}, ended=True)
