"""Options of commands that call a host: how they do it over TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from acquirer.app.terminal_options import TerminalOptions
    from acquirer.settings.client_tls import ClientTls

CaOption = Annotated[
    Path | None,
    typer.Option("--tls-ca", metavar="FILE", help="Speak TLS: PEM of who signs the host's certificate."),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option("--tls-certificate", metavar="FILE", help="PEM of the terminal's own; {tid}: its number."),
]
KeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="PEM of its key, unless it stands there too.")
]
NameOption = Annotated[
    str, typer.Option("--tls-name", metavar="NAME", help="That the host's certificate must have; else as called.")
]
VersionOption = Annotated[
    str, typer.Option("--tls-version", metavar="1.2|1.3", help="The only version that is spoken; else both.")
]


@dataclass
class Tls:
    """How the host is called over TLS."""

    tls_ca: CaOption = None
    tls_certificate: CertificateOption = None
    tls_key: KeyOption = None
    tls_name: NameOption = ""
    tls_version: VersionOption = ""

    def options(self) -> TerminalOptions:
        """Return them as those of a terminal."""
        return {
            "tls_ca": self.tls_ca,
            "tls_certificate": self.tls_certificate,
            "tls_key": self.tls_key,
            "tls_name": self.tls_name,
            "tls_version": self.tls_version,
        }

    @property
    def client(self) -> ClientTls | None:
        """How it is spoken; None: not at all. Raises DataError."""
        from acquirer.settings.client_tls import client_tls

        return client_tls(self.tls_ca, self.tls_certificate, self.tls_key, self.tls_name, self.tls_version)

    def arguments(self) -> dict[str, str]:
        """Return those that are given as another process takes them; {}: TLS is not spoken. Raises DataError."""
        if self.client is None:
            return {}
        given = {
            "authority": self.tls_ca,
            "certificate": self.tls_certificate,
            "key": self.tls_key,
            "name": self.tls_name,
            "version": self.tls_version,
        }
        return {name: str(value) for name, value in given.items() if value}
