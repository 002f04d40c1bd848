"""Why a TLS handshake or connection failed, in words: what the library says, as a sentence for a person.

The library's own words are those of its source (``SSLV3_ALERT_CERTIFICATE_EXPIRED``); what they mean depends on the
side: an *alert* came from the other side and is about our certificate, everything else is about theirs.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Final

_VERIFY: Final[Mapping[int, str]] = {
    2: "unknown authority: the certificate that signed it is missing",
    3: "the list of revoked certificates of its authority is missing",
    7: "its signature is not right",
    9: "it is not valid yet: look at both clocks",
    10: "it has expired: make a new one, or look at both clocks",
    11: "the list of revoked certificates is not valid yet",
    12: "the list of revoked certificates has expired: fetch a new one",
    18: "unknown authority: it has signed itself",
    19: "unknown authority: the one that signed it is not among those trusted here",
    20: "unknown authority: the one that signed it is not among those trusted here",
    21: "unknown authority: the one that signed it is not among those trusted here",
    23: "it is revoked",
    24: "what signed it is no authority",
    26: "it is not for this purpose (a server's shown by a client, or a client's by a server)",
    66: "its key is too short",
    67: "its authority's key is too short",
    68: "its signature is made in a way that is too weak (SHA-1 or older)",
}
"""X509_V_ERR_… of OpenSSL: stable numbers. Source: openssl/x509_vfy.h."""

_ALERTS: Final[tuple[tuple[str, str], ...]] = (
    ("CERTIFICATE_EXPIRED", "{they} says that {our} certificate has expired or is not valid yet"),
    ("CERTIFICATE_REVOKED", "{they} says that {our} certificate is revoked"),
    ("UNKNOWN_CA", "{they} does not trust {our} certificate: unknown authority"),
    ("CERTIFICATE_REQUIRED", "{they} requires a certificate, and {we} sent none"),
    ("BAD_CERTIFICATE", "{they} refuses {our} certificate: it is not valid yet, or has another name than expected"),
    ("CERTIFICATE_UNKNOWN", "{they} refuses {our} certificate, and does not say why"),
    ("UNSUPPORTED_CERTIFICATE", "{they} refuses {our} certificate: it is not for this purpose"),
    ("ACCESS_DENIED", "{they} accepts {our} certificate, and denies it access"),
    ("PROTOCOL_VERSION", "no common version: {they} does not speak the versions of TLS that {we} offered"),
    ("INSUFFICIENT_SECURITY", "no common cipher: {they} finds those that {we} offered too weak"),
    ("HANDSHAKE_FAILURE", "{they} ended the handshake: no common cipher, or it wants another certificate"),
    ("DECRYPT_ERROR", "{they} says that a signature of {ours} is not right: is the key that of the certificate?"),
    ("UNRECOGNIZED_NAME", "{they} has no certificate for the name that was asked for"),
    ("INTERNAL_ERROR", "{they} had an internal error"),
    ("NO_RENEGOTIATION", "{they} refuses to renegotiate"),
)  # fmt: skip

_REASONS: Final[Mapping[str, str]] = {
    "UNSUPPORTED_PROTOCOL": "no common version: {they} offered none of those that {we} can speak",
    "VERSION_TOO_LOW": "no common version: {they} offered none of those that {we} can speak",
    "WRONG_SSL_VERSION": "no common version: {they} offered none of those that {we} can speak",
    "NO_PROTOCOLS_AVAILABLE": "no common version: {we} can speak none",
    "NO_SHARED_CIPHER": "no common cipher: {they} offered none of those that {we} can speak",
    "NO_CIPHERS_AVAILABLE": "no common cipher: {we} can speak none",
    "NO_SHARED_SIGNATURE_ALGORITHMS": "no common way of signing: {they} offered none that fits {our} key",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "no common way of signing: {they} offered none that fits {our} key",
    "NO_SUITABLE_KEY_SHARE": "no common curve: {they} offered none of those that {we} know",
    "NO_SUITABLE_GROUPS": "no common curve: {they} offered none of those that {we} know",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "{they} sent no certificate, and one is required",
    "UNEXPECTED_EOF_WHILE_READING": "{they} hung up: it may not speak TLS at this port",
    "NO_RENEGOTIATION": "{they} wanted to renegotiate, which is refused",
    "HTTP_REQUEST": "this is an HTTP request, not TLS",
}

NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH")
"""Reasons of the library that stand for bytes that are no TLS at all."""


def tls_problem(error: ssl.SSLError, *, server: bool) -> str:
    """Return why a handshake failed, or what ended a connection.

    Args:
        server: whether it failed at the side of the host.
    """
    they, we = ("the terminal", "the host") if server else ("the host", "the terminal")
    words = {"they": they, "we": we, "our": f"{we}'s", "ours": f"{we}'s"}
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{they}'s certificate is refused: {_verification(error)}"
    reason = error.reason or ""
    if "ALERT" in reason:
        for name, sentence in _ALERTS:
            if reason.endswith(name):
                return sentence.format(**words)
        return f"{they} ended the connection: {_plain(reason.partition('ALERT')[2])}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        reason = "UNEXPECTED_EOF_WHILE_READING"
    if reason in _REASONS:
        return _REASONS[reason].format(**words)
    if reason in NOT_TLS:
        return f"what {they} sent is no TLS"
    return f"the handshake failed: {_plain(reason or str(error))}"


_NAME_DIFFERS: Final = (62, 63, 64)  # host name, mail address, IP address


def _verification(error: ssl.SSLCertVerificationError) -> str:
    message = error.verify_message.rstrip(".")
    if error.verify_code in _NAME_DIFFERS:
        return f"it is made out for another name: {message.partition(', ')[2] or message}"
    return _VERIFY.get(error.verify_code, message)


def _plain(reason: str) -> str:
    """Return a reason of the library in small letters, without the marks of its source."""
    return " ".join(re.sub(r"[^A-Za-z0-9]+", " ", reason).lower().split())
