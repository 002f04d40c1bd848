"""Other protocols that connect to an open port, recognised by their first bytes.

Read as a length their first bytes are absurd, so a deframer that refuses one can say what it is. It waits for as many
bytes as are needed to tell, so that the answer does not depend on how the stream was cut.
"""

from __future__ import annotations

import re

_HTTP_METHODS = ("GET", "PUT", "PRI", "HEAD", "POST", "PATCH", "TRACE", "DELETE", "OPTIONS", "CONNECT", "PROPFIND")

_FIRST_BYTES = {
    **{f"{method} ".encode(): "this is an HTTP request, not ISO 8583" for method in _HTTP_METHODS},
    b"HTTP/": "this is an HTTP response, not ISO 8583",
    b"SSH-": "this is an SSH banner, not ISO 8583",
    b"<?xml": "this is an XML document, not ISO 8583",
    **dict.fromkeys((b'{"', b"{\n", b"{\r\n"), "this is a JSON document, not ISO 8583"),
    b"\x16\x03": "this is a TLS handshake on a plain port",
}

# Where a TLS record begins with a plausible length (0x1603), its third byte decides: no TPDU begins with a TLS version.
TLS = re.compile(rb"\x16\x03[\x00-\x04]")


def other_protocol(data: bytes) -> str:
    """Return which other protocol begins a stream with `data`, as a sentence; "" for none, or too few bytes to tell.

    >>> other_protocol(b"GET / HTTP/1.1"), other_protocol(b"HEA"), other_protocol(b"HELLO")
    ('this is an HTTP request, not ISO 8583', '', '')
    """
    return next((sentence for start, sentence in _FIRST_BYTES.items() if data.startswith(start)), "")


def may_be_other_protocol(data: bytes) -> bool:
    """Return whether `data` is the beginning of another protocol's first bytes, so that more of it will tell.

    >>> may_be_other_protocol(b"HEA"), may_be_other_protocol(b"HEL")
    (True, False)
    """
    return any(start.startswith(data) for start in _FIRST_BYTES)
