"""Certificates and their keys as files: read, and looked at before anyone is shown them."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from acquirer.data.text import plural
from acquirer.data.toml import DataError
from acquirer.settings.text_file import read_file

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MOST_BYTES: Final = 4 << 20
"""A bundle of all public authorities has a quarter of that."""

SOON: Final = timedelta(days=14)
"""A certificate that expires within this time is mentioned at every start."""

VERSION_OF: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def read_certificates(path: Path, where: str, key: str) -> list[Certificate]:
    """Return the certificates of a file, at least one.

    Args:
        where: the table or option that names it, for errors; `key`: the key of the table, "" for an option.

    Raises:
        DataError: it cannot be read, or holds none.
    """
    from cryptography.x509 import load_pem_x509_certificates

    data = _read(path, where, key)
    try:
        return load_pem_x509_certificates(data)
    except ValueError:
        kind = "a private key" if b"PRIVATE KEY" in data else "no certificate"
        raise DataError(
            where, 0, key, f"{path} holds {kind}; name a file that begins -----BEGIN CERTIFICATE-----"
        ) from None


def check_pair(
    certificate: Path, key: Path, where: str, names: tuple[str, str] = ("certificate", "key")
) -> Certificate:
    """Return the certificate of a pair, once its key is known to belong to it.

    Args:
        names: of the two keys in the table; ("", "") for options.

    Raises:
        DataError: one of them cannot be read, the key is encrypted, or another certificate's.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = read_certificates(certificate, where, names[0])[0]
    data = _read(key, where, names[1])
    try:
        private: Any = load_pem_private_key(data, None)
    except TypeError:
        raise DataError(
            where, 0, names[1], f"{key} is encrypted, and no password can be typed here: give it without"
        ) from None
    except ValueError:
        problem = f"{key} holds no private key; name a file that begins -----BEGIN PRIVATE KEY-----"
        raise DataError(where, 0, names[1], problem) from None
    if private.public_key() != found.public_key():
        problem = f"the key in {key} does not belong to the certificate in {certificate}: name the files of one pair"
        raise DataError(where, 0, names[1], problem)
    return found


def validity_problem(certificate: Certificate, path: Path, now: datetime | None = None) -> str:
    """Return why a certificate is not valid now, as a sentence; "" when it is."""
    now = now or datetime.now(UTC)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > ends:
        return f"{path} expired at {_moment(ends)}: make a new one, or set allow_expired to show it all the same"
    if now < begins:
        return f"{path} is not valid before {_moment(begins)}: make a new one, or set allow_expired to show it now"
    return ""


def expiry_warning(certificate: Certificate, path: Path, now: datetime | None = None) -> str:
    """Return a sentence about a certificate that expires soon; "" when it does not."""
    left = certificate.not_valid_after_utc - (now or datetime.now(UTC))
    if not timedelta(0) < left < SOON:
        return ""
    return f"{path} expires at {_moment(certificate.not_valid_after_utc)}, in {plural(left.days, 'day')}"


def trust(context: ssl.SSLContext, authority: Path, where: str, key: str) -> None:
    """Have a context trust who signs. Raises DataError."""
    read_certificates(authority, where, key)
    try:
        context.load_verify_locations(str(authority))
    except (OSError, ssl.SSLError) as exc:
        raise DataError(where, 0, key, f"{authority} cannot be used: {exc.strerror or exc}") from None


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path, where: str, name: str) -> None:
    """Have a context show a pair that was checked. Raises DataError."""
    try:
        context.load_cert_chain(str(certificate), str(key))
    except (OSError, ssl.SSLError) as exc:
        reason = getattr(exc, "reason", "") or exc.strerror or str(exc)
        raise DataError(where, 0, name, f"{certificate} cannot be used: {reason.replace('_', ' ').lower()}") from None


def _read(path: Path, where: str, key: str) -> bytes:
    try:
        return read_file(path, MOST_BYTES)
    except OSError as exc:
        reason = (exc.strerror or str(exc)).lower()
        raise DataError(where, 0, key, f"{path} cannot be read ({reason}); name a file in PEM") from None


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
