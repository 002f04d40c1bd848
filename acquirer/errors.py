"""The errors this program raises on purpose: one base class and five kinds, the lowest floor of all.

1. Every exception class of this project derives from exactly one kind, so that a caller can tell what failed without
   knowing which module failed.
2. A class may have a built-in base beside its kind (``ValueError``, ``OSError``); who catches that goes on working.
3. The sentence of an error says where, what was found, what was expected and what to do. It never quotes a key, a PIN,
   a track or a full card number.
4. What the sentence was made of is kept as attributes (`line`, `field`, `position` …) and read with `evidence`.
"""

from __future__ import annotations


class AcquirerError(Exception):
    """Base of every error that this project raises on purpose."""

    @property
    def evidence(self) -> dict[str, object]:
        """Return the public attributes of this error by name, for a log event or a JSON document.

        >>> from acquirer.data.toml import DataError
        >>> DataError("hosts.toml", 3, "port", "must be a whole number").evidence
        {'name': 'hosts.toml', 'line': 3, 'key': 'port', 'problem': 'must be a whole number'}
        """
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}


class ConfigurationError(AcquirerError):
    """An option, a setting, a file or a value that was handed in cannot be used (exit code 2)."""


class StoreError(AcquirerError):
    """A database or a folder of kept state cannot be opened, read or written: one sentence with file, cause, remedy.

    Args:
        busy: whether it only is held by another program for the moment.
    """

    def __init__(self, *sentence: object, busy: bool = False) -> None:
        super().__init__(*sentence)
        self.busy = busy


class WireError(AcquirerError):
    """Received bytes cannot be decoded, or values cannot be encoded."""


class SecurityError(AcquirerError):
    """A key, a MAC, a PIN block, a track or a sealed blob cannot be used; the sentence never quotes one."""


class PeerError(AcquirerError):
    """The other side, another process or the network did not do what was expected of it."""
