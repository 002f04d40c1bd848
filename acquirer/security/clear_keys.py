"""Keys in the clear, for the few places that a person has asked for by name; elsewhere they never leave this room."""

from __future__ import annotations

from acquirer.security.secret import Secret


def clear_hex(key: Secret) -> str:
    """Return a key in hex digits, two for each byte, upper case.

    For components that are written to files or shown (``--unsafe-show``), and for keys that travel to a host's own
    door on the same machine. A test names the modules that may call it.
    """
    return key.reveal().hex().upper()
