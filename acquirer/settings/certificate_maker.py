"""Certificates for tests: an authority, a server's, one for each terminal; and the same gone wrong on purpose.

Each says in its subject and in its policies that it is for tests only. An authority that is in the folder already is
used on, so that more terminals can be given certificates later; everything else is new each time.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from acquirer.data.toml import DataError
from acquirer.settings.certificates import check_pair
from acquirer.settings.private_file import replace_private

Flaw = Literal["expired", "not-yet-valid", "wrong-name", "other-authority", "wrong-purpose", "revoked"]
"""What can be the matter with a certificate: each terminal, and each host, should refuse it."""

CertificateKey = Literal["ec", "rsa"]

FLAWS: Final[tuple[Flaw, ...]] = get_args(Flaw)
ORGANISATION: Final = "Test certificates of acquirer"
NOTICE: Final = "For tests only: never to be trusted in production."
AUTHORITY_NAME: Final = "Test authority, not for production"
OTHER_NAME: Final = "wrong-name.invalid"
BACK: Final = timedelta(days=1)
"""A terminal's clock may be behind: certificates are valid from so long ago."""
AWAY: Final = timedelta(days=30)
"""Since when an expired one is expired, and until when another one is not yet valid."""
RSA_BITS: Final = 2048

_POLICY: Final = x509.ObjectIdentifier("2.23.140.2.1")
"""Marks certificates for tests; the notice beside it says so in words. Source: CA/Browser Forum, test certificates."""


@dataclass(frozen=True, slots=True)
class WantedCertificates:
    """Which certificates are to be found.

    Args:
        names: of the server: host names and addresses.
        tids: of the terminals.
        flaws: also the same with these.
    """

    names: Sequence[str] = ("localhost", "127.0.0.1", "::1")
    tids: Sequence[str] = ()
    days: int = 365
    key: CertificateKey = "ec"
    flaws: Sequence[Flaw] = ()


@dataclass(frozen=True, slots=True)
class WrittenCertificates:
    """Where they are."""

    authority: Path
    server: Path
    terminals: dict[str, Path]
    flawed: dict[str, Path]  # "server-expired" …
    revoked: Path | None
    authority_kept: bool


def make_certificates(folder: Path, wanted: WantedCertificates, now: datetime | None = None) -> WrittenCertificates:
    """Make certificates with their keys, each a file of its own, keys for their owner alone.

    Raises:
        DataError: the folder cannot be written, or holds an authority that cannot be used.
    """
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        authority, kept = _authority(folder, wanted, now)
        server = _write(folder / "server", *_leaf(authority, "server", wanted.names, wanted, now))
        clients = {}
        for tid in wanted.tids:
            (folder / "terminals").mkdir(exist_ok=True)
            found = _leaf(authority, "terminal", (tid,), wanted, now)
            clients[tid] = _write(folder / "terminals" / tid, *found)
        flawed, revoked = _flawed(folder, authority, wanted, now)
    except OSError as exc:
        raise DataError("--out", 0, "", f"{exc.filename or folder}: {(exc.strerror or str(exc)).lower()}") from None
    return WrittenCertificates(folder / "authority.pem", server, clients, flawed, revoked, kept)


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: Any


def _authority(folder: Path, wanted: WantedCertificates, now: datetime) -> tuple[_Authority, bool]:
    certificate, key = folder / "authority.pem", folder / "authority.key"
    if certificate.exists() or key.exists():
        found = check_pair(certificate, key, "--out", ("", ""))
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        return _Authority(found, private), True
    fresh = _new_authority(wanted, now)
    _write(folder / "authority", fresh.certificate, fresh.key)
    return fresh, False


def _new_authority(wanted: WantedCertificates, now: datetime) -> _Authority:
    key = _new_key(wanted.key)
    name = _name(AUTHORITY_NAME)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = (
        _begun(name, name, key, now - BACK, now + timedelta(days=10 * max(wanted.days, 365)))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _Authority(builder.sign(key, hashes.SHA256()), key)


def _leaf(
    authority: _Authority,
    who: str,
    names: Sequence[str],
    wanted: WantedCertificates,
    now: datetime,
    flaw: Flaw | None = None,
) -> tuple[x509.Certificate, Any]:
    """Return a certificate and its key."""
    begins, ends = now - BACK, now + timedelta(days=wanted.days)
    if flaw == "expired":
        begins, ends = now - 2 * AWAY, now - AWAY
    elif flaw == "not-yet-valid":
        begins, ends = now + AWAY, now + AWAY + timedelta(days=wanted.days)
    elif flaw == "wrong-name":
        names = (OTHER_NAME,)
    elif flaw == "other-authority":
        authority = _new_authority(wanted, now)
    key = _new_key(wanted.key)
    server = (who == "server") is not (flaw == "wrong-purpose")
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    usage = x509.KeyUsage(True, False, wanted.key == "rsa", False, False, False, False, False, False)
    builder = (
        _begun(_name(names[0]), authority.certificate.subject, key, begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    if who == "server":
        builder = builder.add_extension(x509.SubjectAlternativeName(list(_alternatives(names))), critical=False)
    return builder.sign(authority.key, hashes.SHA256()), key


def _begun(subject: x509.Name, issuer: x509.Name, key: Any, begins: datetime, ends: datetime) -> Any:
    notice = x509.PolicyInformation(_POLICY, [x509.UserNotice(None, NOTICE)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.CertificatePolicies([notice]), critical=False)
    )


def _flawed(
    folder: Path, authority: _Authority, wanted: WantedCertificates, now: datetime
) -> tuple[dict[str, Path], Path | None]:
    found: dict[str, Path] = {}
    revoked = []
    for flaw in wanted.flaws:
        for who, names in (("server", wanted.names), ("terminal", wanted.tids[:1] or ("00000000",))):
            if flaw == "revoked" and who == "server":
                continue  # terminals are given no list of revoked certificates
            (folder / "flawed").mkdir(exist_ok=True)
            certificate, key = _leaf(authority, who, names, wanted, now, flaw)
            found[f"{who}-{flaw}"] = _write(folder / "flawed" / f"{who}-{flaw}", certificate, key)
            if flaw == "revoked":
                revoked.append(certificate.serial_number)
    return found, _write_revoked(folder / "revoked.pem", authority, revoked, now) if revoked else None


def _write_revoked(path: Path, authority: _Authority, serials: Iterable[int], now: datetime) -> Path:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - BACK)
        .next_update(now + timedelta(days=3650))
    )
    for serial in serials:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - BACK).build()
        builder = builder.add_revoked_certificate(one)
    replace_private(path, builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    path.chmod(0o644)
    return path


def _write(stem: Path, certificate: x509.Certificate, key: Any) -> Path:
    """Write a certificate and its key; each file is there whole, or as it was before."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = stem.with_name(f"{stem.name}.pem")
    replace_private(stem.with_name(f"{stem.name}.key"), pem)
    replace_private(path, certificate.public_bytes(serialization.Encoding.PEM))
    path.chmod(0o644)
    return path


def _new_key(kind: CertificateKey) -> Any:
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, RSA_BITS)


def _name(common: str) -> x509.Name:
    attribute = x509.NameAttribute
    return x509.Name([attribute(NameOID.ORGANIZATION_NAME, ORGANISATION), attribute(NameOID.COMMON_NAME, common)])


def _alternatives(names: Sequence[str]) -> Iterable[x509.GeneralName]:
    for name in names:
        try:
            yield x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            yield x509.DNSName(name)


def read_server_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names and addresses of a server as typed. Raises DataError."""
    for name in names:
        try:
            ipaddress.ip_address(name)
        except ValueError:
            if not re.fullmatch(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", name):
                problem = f"'{name}' is neither a host name nor an address; write it like pos.example or 192.0.2.1"
                raise DataError("--name", 0, "", problem) from None
    return tuple(names)
