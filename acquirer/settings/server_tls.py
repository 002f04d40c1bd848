"""What a listener shows of itself and asks of terminals over TLS: made of a ``[tls.NAME]``, and made anew on demand."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from acquirer.data.toml import DataError
from acquirer.settings.certificates import (
    VERSION_OF,
    check_pair,
    expiry_warning,
    load_pair,
    trust,
    validity_problem,
)
from acquirer.settings.tls_tables import ServerTlsTable


@dataclass(slots=True)
class ServerTls:
    """One ``[tls.NAME]`` as it is in force. Connections keep the context that they began with."""

    table: ServerTlsTable
    context: ssl.SSLContext = field(repr=False)
    warnings: list[str]

    @property
    def name(self) -> str:
        """The name under which listeners ask for it."""
        return self.table.name

    def reload(self) -> None:
        """Read the files anew, for connections that come from now on.

        Raises:
            DataError: they cannot be used; everything stays as it was.
        """
        fresh = load_server_tls(self.table)
        self.context, self.warnings = fresh.context, fresh.warnings


def load_server_tls(table: ServerTlsTable) -> ServerTls:
    """Return what a listener shows.

    Raises:
        DataError: a file cannot be read, key and certificate do not belong together, or the certificate is not valid.
    """
    certificate = check_pair(table.certificate, table.key, table.where)
    invalid = validity_problem(certificate, table.certificate)
    if invalid and not table.allow_expired:
        raise DataError(table.where, 0, "certificate", invalid)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = VERSION_OF[table.minimum], VERSION_OF[table.maximum]
    context.options |= ssl.OP_NO_RENEGOTIATION  # a peer could ask for it endlessly
    load_pair(context, table.certificate, table.key, table.where, "certificate")
    if table.authority is not None:
        trust(context, table.authority, table.where, "authority")
        context.verify_mode = ssl.CERT_REQUIRED if table.require_client else ssl.CERT_OPTIONAL
    if table.revoked is not None:
        _refuse_revoked(context, table)
    soon = expiry_warning(certificate, table.certificate)
    return ServerTls(table, context, [f"{table.where}: {sentence}" for sentence in (soon, invalid) if sentence])


def _refuse_revoked(context: ssl.SSLContext, table: ServerTlsTable) -> None:
    try:
        before = context.cert_store_stats()["crl"]
        context.load_verify_locations(str(table.revoked))
        found = context.cert_store_stats()["crl"] > before
    except (OSError, ssl.SSLError):
        found = False
    if not found:
        problem = (
            f"{table.revoked} holds no list of revoked certificates; name a file that begins -----BEGIN X509 CRL-----"
        )
        raise DataError(table.where, 0, "revoked", problem)
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
