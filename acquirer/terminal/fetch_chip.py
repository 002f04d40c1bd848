"""Downloads for chips: CA public keys and the parameters of applications, each after the list of those there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from acquirer.data.text import plural
from acquirer.downloads.aids import Aid, read_aid, read_aid_list, write_aid_name
from acquirer.downloads.ca_keys import CaKey, KeyName, read_key, read_key_list, write_key_name
from acquirer.downloads.lists import MOST_ENTRIES, Control, write_query
from acquirer.terminal.download_steps import Fetched, ask, guarded, read_reply, unreadable_reply
from acquirer.terminal.effects import Ended, Program
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.machine import Machine

T = TypeVar("T")


@guarded
def fetch_keys_of_cas(machine: Machine) -> Program[Fetched]:
    """Fetch all CA public keys; those whose check value is wrong are not kept."""
    names = yield from _listed(machine, "capk_query", read_key_list)
    keys: list[CaKey] = []
    refused: list[str] = []
    for name in names:
        exchange = yield from ask(machine, "capk", write_key_name(name), last=True)
        key = read_reply(exchange, read_key)
        if problem := _key_problem(name, key):
            refused.append(problem)
            exchange.outcome, exchange.detail = Outcome.MALFORMED, f"{problem}: not kept"
        elif key is not None:
            keys.append(key)
            exchange.note(f"CA public key {name}, {8 * len(key.modulus)} bits")
        yield Ended(exchange)
    end = yield from ask(machine, "capk_end", last=True)
    fetched = Fetched(end, plural(len(keys), "CA public key"), {"keys": tuple(keys)}, ended=True)
    if refused:
        fetched.outcome = Outcome.MALFORMED
        fetched.summary = "; ".join([f"{fetched.summary} kept", *[f"{one}: not kept" for one in refused]])
    return fetched


def _key_problem(name: KeyName, key: CaKey | None) -> str:
    """Return why a key that came is not kept; "" for none."""
    if key is None:
        return f"the host lists CA public key {name} and has none"
    return key.check_problem if key.name == name else f"CA public key {key.name} came for {name}"


@guarded
def fetch_aids(machine: Machine) -> Program[Fetched]:
    """Fetch the parameters of all applications."""
    names = yield from _listed(machine, "aid_query", read_aid_list)
    aids: list[Aid] = []
    for name in names:
        exchange = yield from ask(machine, "aid", write_aid_name(name), last=True)
        aid = read_reply(exchange, read_aid)
        if aid is None or aid.aid != name:
            problem = f"the host lists application {name} and has none" if aid is None else f"{aid.aid} came for {name}"
            raise unreadable_reply(exchange, problem)
        aids.append(aid)
        exchange.note(f"application {name}")
        yield Ended(exchange)
    end = yield from ask(machine, "aid_end", last=True)
    return Fetched(end, plural(len(aids), "application"), {"aids": tuple(aids)}, ended=True)


def _listed(machine: Machine, service: str, read: Callable[[bytes], tuple[Control, tuple[T, ...]]]) -> Program[list[T]]:
    """Return all entries of a list, page by page; one that never ends is cut off where its numbers do."""
    names: list[T] = []
    while len(names) <= MOST_ENTRIES:
        exchange = yield from ask(machine, service, write_query(len(names)))
        control, page = read_reply(exchange, read)
        names += page
        if control != "2" or not page:
            break
    return names
