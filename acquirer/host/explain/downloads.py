"""What is said of downloads: what was handed out, what is not there, and what is wrong with a request for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from acquirer.data.text import plural
from acquirer.dialect.dialect import Dialect
from acquirer.downloads.ca_keys import KeyName
from acquirer.downloads.kinds import NAMES, Download
from acquirer.downloads.lists import ListPage
from acquirer.host.text import place


def unreadable(dialect: Dialect, problem: str) -> str:
    """What a request brings has another form."""
    return f"{place(dialect, 'download')} {problem}"


def page_handed_out(page: ListPage[Any], of: int, what: str) -> str:
    """A page of a list."""
    if page.control == "0":
        return f"no {what} beyond {plural(page.last, 'entry', 'entries')}: there are {of}" if of else f"no {what} here"
    count = plural(len(page.entries), "entry", "entries")
    more = {"1": "all of it", "2": "more follows", "3": "the last of it"}[page.control]
    return f"{what}: {count}, up to {page.last} of {of}; {more}"


def out_of_sequence(first: int, size: int, of: int) -> str:
    """Note a request whose number does not follow from the pages before."""
    starts = [1, *range(size + 1, of + 1, size)] if size else [1]
    expected = ", ".join(f"{number:03}" for number in starts[:4])
    more = " …" if len(starts) > 4 else ""
    return (
        f"out-of-sequence: it asks from entry {first:03} on, and pages begin at {expected}{more}: send 000 first, then "
        "the last number that came and one more"
    )


def key_handed_out(name: KeyName, bits: int) -> str:
    """A CA public key."""
    return f"CA public key {name}, {bits} bits"


def key_unknown(name: KeyName, known: Collection[KeyName]) -> str:
    """A CA public key that is not there."""
    of_rid = sorted(one.index for one in known if one.rid == name.rid)
    if of_rid:
        return f"no CA public key {name}: of this RID there are {', '.join(of_rid)}; ask for those of the list (372)"
    rids = sorted({one.rid for one in known})
    there = f"there are keys of {', '.join(rids)}" if rids else "there are none"
    return f"no CA public key of RID {name.rid}: {there}; ask for those of the list (372)"


def no_sm2() -> str:
    """A query for keys of SM2."""
    return "no CA public keys of SM2 here; ask for those of RSA (372)"


def aid_unknown(aid: str, known: Sequence[str]) -> str:
    """An application that is not there."""
    near = [one for one in known if one.startswith(aid) or aid.startswith(one)]
    there = f"{', '.join(near or known)}" if known else "none"
    return f"no parameters of application {aid}: there are {there}; ask for those of the list (382)"


def ended(kind: Download, pending: Collection[str]) -> str:
    """The end of a download."""
    return f"the terminal has fetched {NAMES[kind]}{'' if kind in pending else ' unasked'}"


def still_pending(pending: Collection[str]) -> str:
    """What a terminal is still asked to fetch."""
    return f"still asked for: {', '.join(pending)}" if pending else "nothing more is asked of it"


def no_rsa_key(name: KeyName | None, known: KeyName | None) -> str:
    """An RSA key that is not there."""
    if known is None:
        return "no RSA key here, so no master key can be fetched: give one in master-key.toml (docs/downloads.md)"
    return f"no RSA key {name}: there is {known}; ask for it with an empty DE 62, or by its name"


def master_key_handed_out(kcv: str) -> str:
    """A fresh master key, not in use yet."""
    return f"a fresh master key, KCV {kcv}, under the terminal's transport key; it is in use once 351 has come"


def master_key_in_use(kcv: str, *, before: str = "", again: bool = False) -> str:
    """A master key that was downloaded is in use."""
    if again:
        return f"the master key with KCV {kcv} is in use already"
    return f"the master key with KCV {kcv} is in use, in place of the one with KCV {before}: sign on under it"


def nothing_to_activate() -> str:
    """An activation without a download."""
    return "no master key was downloaded (350) that could be put to use: fetch one first, 352, then 350"
