"""What a terminal asks of a host over TLS, and shows of itself."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypedDict

from acquirer.data.toml import DataError
from acquirer.settings.certificates import VERSION_OF, check_pair, load_pair, trust
from acquirer.settings.tls_tables import VERSIONS

TID: Final = "{tid}"
"""Stands in the names of a terminal's files for its number, so that one option serves many terminals."""


class ClientTlsOptions(TypedDict, total=False):
    """The options of a terminal that are about TLS."""

    tls_ca: Path
    tls_certificate: Path | None
    tls_key: Path | None
    tls_name: str
    tls_version: str


@dataclass(frozen=True, slots=True)
class TlsCall:
    """How one connection is opened over TLS."""

    context: ssl.SSLContext
    name: str
    """That the host's certificate must have."""


@dataclass(frozen=True, slots=True)
class ClientTls:
    """How a terminal speaks TLS. Its own certificate is shown whether it is valid or not: the host is to judge that."""

    authority: Path
    """PEM: who signs the host's certificate."""
    certificate: Path | None = None
    key: Path | None = None
    name: str = ""
    """That the host's certificate must have; "": the host's name, or address, as it is connected to."""
    version: str = ""
    """The only version that is spoken; "": 1.2 and 1.3."""

    @property
    def of_each(self) -> bool:
        """Return whether each terminal has a certificate of its own."""
        return any(path is not None and TID in str(path) for path in (self.certificate, self.key))

    @property
    def options(self) -> ClientTlsOptions:
        """Return it as options of a terminal say it."""
        return {
            "tls_ca": self.authority,
            "tls_certificate": self.certificate,
            "tls_key": self.key,
            "tls_name": self.name,
            "tls_version": self.version,
        }

    def of(self, tid: str) -> ClientTls:
        """Return the same for one terminal, whose number may stand in the names of its files."""
        own = [path and Path(str(path).replace(TID, tid)) for path in (self.certificate, self.key)]
        return replace(self, certificate=own[0], key=own[1])

    def call(self, host: str, where: str = "--tls") -> TlsCall:
        """Return how a host is called, files read.

        Args:
            where: the beginning of the options that these came from, for errors.

        Raises:
            DataError: a file cannot be read, key and certificate do not belong together, a value is not usable.
        """
        if self.version not in ("", *VERSIONS):
            problem = f"'{self.version}' is not supported; use {' or '.join(VERSIONS)}"
            raise DataError(f"{where}-version", 0, "", problem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = VERSION_OF[self.version or VERSIONS[0]]
        context.maximum_version = VERSION_OF[self.version or VERSIONS[-1]]
        trust(context, self.authority, f"{where}-ca", "")
        if self.certificate is not None:
            key = self.key or self.certificate
            check_pair(self.certificate, key, f"{where}-certificate", ("", ""))
            load_pair(context, self.certificate, key, f"{where}-certificate", "")
        return TlsCall(context, self.name or host)


def client_tls(
    authority: Path | str | None,
    certificate: Path | str | None = None,
    key: Path | str | None = None,
    name: str = "",
    version: str = "",
) -> ClientTls | None:
    """Return how a terminal speaks TLS; None where no authority is named: then it speaks none.

    Raises:
        DataError: something about TLS is given without what it needs.
    """
    if authority is None:
        given = {"--tls-certificate": certificate, "--tls-key": key, "--tls-name": name, "--tls-version": version}
        for option, value in given.items():
            if value:
                raise DataError(option, 0, "", "needs --tls-ca: name the file of who signs the host's certificate")
        return None
    if key and not certificate:
        raise DataError("--tls-key", 0, "", "needs --tls-certificate: name the file of the terminal's own")
    return ClientTls(
        Path(authority), Path(certificate) if certificate else None, Path(key) if key else None, name, version
    )
