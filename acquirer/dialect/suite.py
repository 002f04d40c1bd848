"""A dialect's security, ready to use: the names in its ``[security]`` bound to the functions they mean.

Everything above this floor asks a `Suite`: hand out or take working keys, make and check MACs, seal and open PIN
blocks and tracks. The element `security_control` (DE 53) says how a PIN and a track were protected: its first digit
the PIN block's format, its second the cipher, its third whether the tracks are encrypted.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from acquirer.data.types import MakForm, Randbytes
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.mac_covers import mac_covers
from acquirer.dialect.pin_field import check_block_size
from acquirer.dialect.security_checks import check_security, mac_algorithm
from acquirer.security.blocks import MAC_USAGES
from acquirer.security.candidates import Candidate, Search
from acquirer.security.dukpt import DUKPT, DukptError
from acquirer.security.key_candidates import NamedKeys
from acquirer.security.mac_diagnosis import diagnose_mac
from acquirer.security.packages import PackageError, PackageIssuer, ReadyKeys, accept_package, wrap_cipher
from acquirer.security.pin import PIN_FORMATS, PinError, PinFormat
from acquirer.security.pin_diagnosis import diagnose_pin
from acquirer.security.secret import Secret
from acquirer.security.track import TRACK_METHODS, TrackError, TrackMethod
from acquirer.security.track_diagnosis import diagnose_track
from acquirer.security.working import IssuedKeys, WorkingKeys
from acquirer.wire.message import Message, Value

_MAK_FORMS: Final[tuple[MakForm, ...]] = ("single", "double", "duplicated")

_WIDE: Final = ("-padded", "-wide")  # the two forms an 8-byte format takes under a cipher of 16-byte blocks


@dataclass(frozen=True, slots=True)
class OpenedPin:
    """A PIN taken out of its block, the format it was found in, and what is odd about it ("" for nothing)."""

    pin: str = field(repr=False)
    format: str
    note: str = ""


class Suite:
    """The security of one dialect. Made once, at start.

    Args:
        checked: its problems were looked for already, and there are none.

    Raises:
        DataError: the dialect names something unknown, or things that do not go together: file, line and key.
    """

    __slots__ = ("_issuers", "dialect", "dukpt", "mac_algorithm", "packages", "pin_formats", "track_method", "wraps")

    def __init__(self, dialect: Dialect, *, checked: bool = False) -> None:
        for problem in () if checked else check_security(dialect):
            raise problem
        security = dialect.security
        self.dialect = dialect
        self.mac_algorithm = mac_algorithm(dialect)
        self.dukpt = DUKPT.get(security.keys)
        self.track_method = TRACK_METHODS[security.track] if security.track else None
        self.pin_formats = {digit: PIN_FORMATS[name] for digit, name in security.pin_blocks.items()}
        self.packages = dict(security.packages)
        self.wraps = {selector: wrap_cipher(package) for selector, package in self.packages.items()}  # of master keys
        usage = MAC_USAGES.get(security.mac.removesuffix("-hex"), "M1")
        self._issuers = {
            (package.selector, form): PackageIssuer(package, form, usage)
            for package in self.packages.values()
            for form in _MAK_FORMS
        }

    # working keys

    def use_ready_keys(self, ready_keys: Callable[[PackageIssuer], ReadyKeys]) -> None:
        """Use keys that are generated ahead of need: `ready_keys` returns those of an issuer."""
        for issuer in self._issuers.values():
            issuer.ready_keys = ready_keys(issuer)

    def issue(
        self, selector: str, tmk: Secret, mak: MakForm, randbytes: Randbytes, pinned: WorkingKeys | None = None
    ) -> IssuedKeys:
        """Return fresh working keys and their package, for the package that `selector` (element `function`) asks for.

        Raises:
            PackageError: no such package, or a `pinned` key does not fit it.
        """
        issuer = self._issuers.get((selector, mak))
        if issuer is None:
            raise self._no_package(selector)
        return issuer.issue(tmk, randbytes, pinned)

    def accept(self, selector: str, tmk: Secret, data: bytes, *, verify: bool = True) -> WorkingKeys:
        """Return the working keys of a received package, every KCV checked unless `verify` is False.

        Raises PackageError; KcvError of a key that differs.
        """
        package = self.packages.get(selector)
        if package is None:
            raise self._no_package(selector)
        return accept_package(package, tmk, data, verify=verify)

    # keys derived for one message

    def ksn(self, message: Message) -> bytes:
        """Return the key serial number of a message. Raises DukptError: it brings none, or one that cannot be."""
        assert self.dukpt is not None
        value = self.dialect.get(message, "ksn")
        if value is None:
            raise DukptError("the message brings no KSN, so its keys cannot be derived")
        try:
            return self.dukpt.read(value if isinstance(value, bytes) else bytes.fromhex(value))
        except DukptError:
            raise
        except ValueError:
            raise DukptError("the KSN is not in hex digits") from None

    def put_ksn(self, fields: dict[int, Value], ksn: bytes) -> None:
        """Write a key serial number into a message: as bytes, or as hex text where the field holds text."""
        binary = self.dialect.fields[self.dialect.elements["ksn"].de].kind == "b"
        self.dialect.put(fields, "ksn", ksn if binary else ksn.hex().upper())

    # MACs

    def mac(self, keys: WorkingKeys, data: bytes) -> bytes:
        """Return the MAC of covered bytes, as it travels."""
        return self.mac_algorithm(keys.mak, data, self.dialect.security.mac_bytes)

    def verify(self, keys: WorkingKeys, data: bytes, mac: bytes) -> bool:
        """Return whether `mac` is the MAC of covered bytes; takes the same time wherever it differs."""
        return hmac.compare_digest(self.mac(keys, data), mac)

    def seal(self, keys: WorkingKeys, frame: bytes) -> bytes:
        """Return the frame with its last field, the MAC, filled in."""
        return self.dialect.with_mac(frame, self.mac(keys, self.dialect.covered(frame)))

    def verify_message(self, keys: WorkingKeys, message: Message) -> bool:
        """Return whether a received message carries the right MAC, over its bytes as received."""
        mac = self.dialect.mac_of(message)
        return mac is not None and self.verify(keys, self.dialect.covered(message.raw), mac)

    def seal_reply(self, keys: WorkingKeys, frame: bytes) -> bytes:
        """Return the frame of a reply with its MAC filled in; `keys` are those of its request."""
        mac = self.mac_algorithm(keys.reply_mak, self.dialect.covered(frame), self.dialect.security.mac_bytes)
        return self.dialect.with_mac(frame, mac)

    def verify_reply(self, keys: WorkingKeys, message: Message) -> bool:
        """Return whether a reply carries the right MAC; `keys` are those of its request."""
        mac = self.dialect.mac_of(message)
        if mac is None:
            return False
        expected = self.mac_algorithm(keys.reply_mak, self.dialect.covered(message.raw), len(mac))
        return hmac.compare_digest(expected, mac)

    def diagnose_mac(
        self,
        message: Message,
        generations: Sequence[NamedKeys],
        tmk: Secret | None = None,
        others: Sequence[Candidate[Secret]] = (),
    ) -> Search[str]:
        """Look for the mistake that would explain the received MAC, in a sentence; "" when nothing that was tried does.

        `generations` are sets of keys by name, the one that should fit first: ``[("current", keys), …]``.
        """
        got = self.dialect.mac_of(message)
        if got is None:
            return ""
        forms = any(package.mak_form for package in self.packages.values())
        tried = mac_covers(self.dialect, message), generations, tmk, others
        return (yield from diagnose_mac(self.mac_algorithm, got, *tried, has_mak_forms=forms))

    # PIN and tracks

    def seal_pin(self, keys: WorkingKeys, pin: str, pan: str, control: str, randbytes: Randbytes) -> bytes:
        """Return the PIN block under the PIK, in the format that the first digit of `control` says. Raises PinError."""
        declared = self.pin_formats.get(control[:1])
        if declared is None:
            raise PinError(self._unnamed(control))
        forms = _forms(declared, keys.pik)
        if not forms:
            raise PinError(f"PIN block format {declared.name} needs another cipher than {keys.pik.cipher.upper()}")
        return forms[0].seal(keys.pik, pin, pan, randbytes)

    def open_pin(self, keys: WorkingKeys, block: bytes, pan: str, control: str) -> OpenedPin:
        """Return the PIN of a block as received; tries the format `control` declares, then the dialect's others.

        Terminals are known to declare a block without PAN and to make it with one.

        Raises:
            PinError: the block opens in no format; says why it does not in the declared one.
        """
        check_block_size(self.dialect, self.packages.values(), keys.pik, block)
        declared = self.pin_formats.get(control[:1])
        first = "" if declared else self._unnamed(control)
        for pin_format in dict.fromkeys(([declared] if declared else []) + list(self.pin_formats.values())):
            for form in _forms(pin_format, keys.pik):
                try:
                    pin = form.open(keys.pik, block, pan)
                except PinError as exc:
                    first = first or str(exc)
                else:
                    return OpenedPin(pin, form.name, self._odd(control, declared, pin_format))
        raise PinError(f"under PIK KCV {keys.pik.kcv()} the PIN block opens in no format: {first}")

    def diagnose_pin(
        self,
        generations: Sequence[NamedKeys],
        block: bytes,
        pan: str,
        control: str,
        tmk: Secret | None = None,
        others: Sequence[Candidate[Secret]] = (),
    ) -> Search[str]:
        """Look for the mistake that would explain a PIN block that does not open, in a sentence; "" when none does.

        `generations` are sets of keys by name, the one that should fit first.
        """
        pik = generations[0][1].pik
        declared = self.pin_formats.get(control[:1])
        forms = _forms(declared, pik) if declared is not None else []
        return diagnose_pin(block, pan, forms[0] if forms else declared, generations, tmk, others)

    def diagnose_track(
        self,
        generations: Sequence[NamedKeys],
        track: str,
        is_card: Callable[[str], bool],
        tmk: Secret | None = None,
    ) -> str:
        """Return which mistake would explain a track that opens to no card number, in a sentence; "" when none does."""
        return diagnose_track(track, generations, is_card, tmk)

    def track_sealed(self, control: str) -> bool:
        """Return whether `control` says that the tracks are encrypted."""
        return control[2:3] == "1" and self.track_method is not None

    def seal_track(self, keys: WorkingKeys, track: str) -> str:
        """Return a track as it travels encrypted. Raises TrackError."""
        return self._tracks().encrypt(_tdk(keys), track)

    def open_track(self, keys: WorkingKeys, track: str) -> str:
        """Return an encrypted track in the clear. Raises TrackError."""
        return self._tracks().decrypt(_tdk(keys), track)

    def _unnamed(self, control: str) -> str:
        formats = ", ".join(f"{digit} is {one.name}" for digit, one in self.pin_formats.items())
        if not control:
            return f"{self._control()} is missing, whose first digit says the format of the PIN block ({formats})"
        return f"{self._control()} is {control}, whose first digit names no PIN block format ({formats})"

    def _odd(self, control: str, declared: PinFormat | None, found: PinFormat) -> str:
        if found is declared:
            return ""
        if not control:
            return f"{self._control()} is missing, the PIN block opened as {found.name}; {self._begin(found)}"
        says = declared.name if declared else "that there is no PIN"
        return f"{self._control()} {control} says {says}, the PIN block opened as {found.name}; {self._begin(found)}"

    def _begin(self, found: PinFormat) -> str:
        digit = next(digit for digit, one in self.pin_formats.items() if one is found)
        at = self.dialect.elements.get("security_control")
        return f"begin DE {at.de} with {digit}" if at is not None else f"say {found.name}"

    def _control(self) -> str:
        at = self.dialect.elements.get("security_control")
        return "security control" if at is None else f"DE {at.de} (security control)"

    def _tracks(self) -> TrackMethod:
        if self.track_method is None:
            raise TrackError(f"dialect {self.dialect.name} has no encrypted tracks: security.track names no method")
        return self.track_method

    def _no_package(self, selector: str) -> PackageError:
        return PackageError(f"there is no key package {selector or '(empty)'}; known: {_list(self.packages)}")


def _forms(pin_format: PinFormat, pik: Secret) -> list[PinFormat]:
    """Return the format itself, or its 16-byte forms under a cipher that needs them."""
    if pin_format.block_bytes == pik.block_bytes:
        return [pin_format]
    return [PIN_FORMATS[name] for ending in _WIDE if (name := pin_format.name + ending) in PIN_FORMATS]


def _tdk(keys: WorkingKeys) -> Secret:
    if keys.tdk is None:
        raise TrackError(
            "these working keys have no track key: the terminal signed on with a package without TDK; "
            "ask for one with TDK"
        )
    return keys.tdk


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
