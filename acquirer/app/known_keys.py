"""Working keys of terminals, as they become known from what passes between terminals and a host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acquirer.dialect.dialect import Route
from acquirer.dialect.suite import Suite
from acquirer.security.ciphers import CipherError, CipherName
from acquirer.security.dukpt import DukptError
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.registration import Registration
from acquirer.wire.message import Message, Value, as_bytes


class KnownKeys:
    """The working keys of terminals: opened from the replies that hand them out, pinned, typed, or derived (DUKPT).

    Args:
        terminals: with their master keys.
        given: keys that a person names, of any terminal until a reply hands out others; None: none.
    """

    def __init__(self, suite: Suite, terminals: Iterable[Registration], given: WorkingKeys | None = None) -> None:
        self._suite = suite
        self._terminals = {one.tid: one for one in terminals}
        self._given = given
        self._learnt: dict[str, WorkingKeys] = {}
        self._previous: dict[str, WorkingKeys] = {}

    def terminal(self, tid: str) -> Registration | None:
        """Return a terminal; None: it is not among those given."""
        return self._terminals.get(tid)

    def give(self, tid: str, keys: WorkingKeys) -> None:
        """Note the working keys of a terminal."""
        self._learnt[tid] = keys

    def of(self, message: Message) -> WorkingKeys | None:
        """Return the keys that a request is, or is to be, under; None: they are not known."""
        tid = self._suite.dialect.text(message, "tid")
        known = self._terminals.get(tid)
        if self._suite.dukpt is not None:
            return self._derived(message, known)
        if tid in self._learnt:
            return self._learnt[tid]
        if self._given is not None:
            return self._given
        return self._as_issued(known) if known is not None else None

    def before(self, message: Message) -> WorkingKeys | None:
        """Return the keys before those of `of`, which may have been under way when others were handed out."""
        return self._previous.get(self._suite.dialect.text(message, "tid"))

    def learn(self, route: Route | None, request: Mapping[int, Value], reply: Message) -> WorkingKeys | None:
        """Take working keys out of an approved reply; None: it hands out none, or its terminal's TMK is not known.

        Raises:
            PackageError: they do not open under the terminal's TMK; the sentence says why.
        """
        suite, dialect = self._suite, self._suite.dialect
        value = dialect.get(reply, "keys")
        if route is None or "keys" not in route.reply.make or value is None or suite.dukpt is not None:
            return None
        if dialect.text(reply, "code") != dialect.code_of("approved", route):
            return None
        tid = dialect.text(reply, "tid") or str(dialect.get_from(request, "tid") or "")
        known = self._terminals.get(tid)
        if known is None or known.tmk is None:
            return None
        keys = suite.accept(self._package(request, reply), known.tmk, as_bytes(value))
        if tid in self._learnt:
            self._previous[tid] = self._learnt[tid]
        self._learnt[tid] = keys
        return keys

    def _package(self, request: Mapping[int, Value], reply: Message) -> str:
        """Return the selector of the key package that a reply carries."""
        dialect, packages = self._suite.dialect, self._suite.packages
        for value in (dialect.get_from(request, "function"), dialect.get(reply, "function")):
            if isinstance(value, str) and value in packages:
                return value
        profile = dialect.terminal_profile
        return profile.package if profile is not None and profile.package in packages else next(iter(packages), "")

    def _derived(self, message: Message, known: Registration | None) -> WorkingKeys | None:
        dukpt = self._suite.dukpt
        if dukpt is None or known is None or known.bdk is None:
            return None
        try:
            ksn = self._suite.ksn(message)
            return dukpt.keys(dukpt.initial(known.bdk.using(dukpt.cipher), ksn), ksn)
        except (DukptError, CipherError):
            return None

    def _as_issued(self, known: Registration) -> WorkingKeys | None:
        return None if known.fixed_keys is None else as_issued(self._suite, known.fixed_keys, known.tmk)


def as_issued(suite: Suite, keys: WorkingKeys, tmk: Secret | None) -> WorkingKeys:
    """Return pinned keys with the cipher that they have in a package under this master key: 16 bytes do not say."""
    ciphers: dict[tuple[str, int], CipherName] = {
        (part.name, part.size_bytes): package.cipher
        for selector, package in suite.packages.items()
        for part in package.parts
        if tmk is not None and suite.wraps[selector] == tmk.cipher
    }
    typed = {name: key.using(ciphers.get((name, len(key)), key.cipher)) for name, key in keys.items()}
    return WorkingKeys(typed["pik"], typed["mak"], typed.get("tdk"))
