"""One end of a TLS connection without a socket: bytes of the wire in and out, bytes in the clear in and out.

1. Who has the socket feeds what it received and sends what `to_send` returns, after every call.
2. It is `secured` once the handshake is over; nothing is written before.
3. It is `finished` once the other side has said that it sends no more (close_notify), or hung up: frames have lengths,
   so that what a hang-up cuts is known to be cut.
4. What cannot go on raises `TlsError`; `to_send` may still hold an alert that tells the other side.
"""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from collections.abc import Iterable
from typing import Any, Final

from acquirer.errors import PeerError
from acquirer.model.peer_certificate import PeerCertificate
from acquirer.net.tls_words import tls_problem

RECORD_BYTES: Final = 16 * 1024
"""What a record carries at most (RFC 8446, 5.1): one read takes no more than that in any case."""

TLS_STARTS: Final = (b"\x16\x03", b"\x15\x03")
"""A handshake, or an alert, of any version: everything else that begins a connection is no TLS."""


class TlsError(PeerError, OSError):
    """A handshake failed, or a connection cannot go on: one sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class TlsSession:
    """One end of a connection.

    Args:
        server: whether it is the host's end.
        name: that the host's certificate must have, for the terminal's end.
    """

    def __init__(self, context: ssl.SSLContext, *, server: bool, name: str = "") -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server, None if server else name)
        self._server = server
        self.received = 0  # bytes of the wire
        self.secured = False
        self.finished = False
        if not server:
            self._shake_hands()

    def feed(self, data: bytes) -> bytes:
        """Take what was received, b"" for its end; return what it says in the clear.

        Raises:
            TlsError: the handshake failed, or a record is not what the other side made.
        """
        self.received += len(data)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        if not self.secured and not self._shake_hands():
            return b""
        plain = []
        try:
            while not self.finished:
                piece = self._object.read(RECORD_BYTES)
                if piece:
                    plain.append(piece)
                else:
                    self.finished = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):  # both have said that they send no more; or it hung up
            self.finished = True
        except ssl.SSLError as exc:
            raise self._error(exc) from None
        return b"".join(plain)

    def write(self, data: bytes) -> None:
        """Encrypt what is to be said; a connection that has failed says nothing any more."""
        with contextlib.suppress(ssl.SSLError):
            for start in range(0, len(data), RECORD_BYTES):
                self._object.write(data[start : start + RECORD_BYTES])

    def finish(self) -> None:
        """Say that no more is sent (close_notify)."""
        if self.secured:
            with contextlib.suppress(ssl.SSLError):  # the other side has not said so yet, or it has failed
                self._object.unwrap()

    def to_send(self) -> bytes:
        """Return what is to be sent now; b"" for nothing."""
        return self._outgoing.read()

    @property
    def version(self) -> str:
        """The version that both agreed on: ``TLSv1.3``."""
        return self._object.version() or ""

    @property
    def certificate(self) -> PeerCertificate | None:
        """The other side's certificate, if it showed one."""
        data = self._object.getpeercert(binary_form=True)
        return None if data is None else PeerCertificate(fingerprint_of(data), _subject(self._object.getpeercert()))

    def _shake_hands(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as exc:
            raise self._error(exc) from None
        self.secured = True
        return True

    def _error(self, error: ssl.SSLError) -> TlsError:
        return TlsError(tls_problem(error, server=self._server))


def fingerprint_of(der: bytes) -> str:
    """Return the fingerprint of a certificate as terminals are bound to it."""
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


_SHORT_NAMES: Final = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
}


def _subject(certificate: Any) -> tuple[str, ...]:
    names: Iterable[Any] = (certificate or {}).get("subject", ())
    return tuple(f"{_SHORT_NAMES.get(name, name)}={value}" for together in names for name, value in together)
