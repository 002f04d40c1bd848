"""What a listener allows: every bound on connections, bytes and waiting, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

MOST_CONNECTIONS = 20_000
"""A town's terminals at eight in the morning, each with a connection it keeps; some 60 MB when all have spoken."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server. The defaults suit terminals in the field; tests make the times short."""

    connections: int = MOST_CONNECTIONS
    """Open at one time; newcomers above are closed."""

    backlog: int = 4096
    """Connections waiting to be accepted. Twisted's 50 loses SYNs of a burst, and each costs its peer a second."""

    frame_s: float = 10.0
    """From a frame's first byte to its last, however much trickles in between: the answer to slowloris."""

    idle_s: float = 60.0
    """Silence allowed to a peer that has not been approved of yet: port scanners, health checks, mistakes."""

    idle_known_s: float = 300.0
    """Silence allowed after the first approved exchange: terminals may keep a connection between two customers."""

    keep_alives_per_minute: int = 60
    """Length-0 frames: one a second is generous for a keep-alive, more is a peer that is broken."""

    in_flight: int = 256
    """Requests of one connection that may wait for their commit, one commit group: then it is not read further."""

    unsent_pause_bytes: int = 32 * 1024
    """Replies a peer has not taken: from here on it is no longer read, so it cannot ask for more."""

    unsent_abort_bytes: int = 256 * 1024
    """What was in flight can still add up to this; a peer that far behind is not reading at all."""

    unsent_s: float = 30.0
    """How long a peer with unsent replies may take none of their bytes."""

    handshakes: int = 512
    """TLS handshakes under way at one time: each costs some tenths of a millisecond; others wait in the backlog."""

    handshake_s: float = 10.0
    """From a TLS connection's beginning to the end of its handshake, which takes two round trips."""

    handshake_full_s: float = 2.0
    """The same while no other can begin: peers that connect and stay silent must not keep the others out."""

    delayed: int = 10_000
    """Replies held back on purpose (a fault) at one time, over all connections: each costs memory and a timer."""

    stop_s: float = 4.0
    """How long a stopping server waits for what was decided to be committed and answered; then it cuts."""


READ_BYTES = 16 * 1024
"""One read: twice the largest frame, some 250 sign-ons."""

TCP_OPTIONS = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),
    ("TCP_KEEPINTVL", 10),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 30_000),
    ("TCP_NODELAY", 1),
)
"""Set on every connection where the system knows them. Keep-alive: the first probe after 60 s of silence (KEEPIDLE, on
macOS KEEPALIVE), then every 10 s, dead after 3, because a terminal's power can be cut. Replies that stay unacknowledged
for 30 s (USER_TIMEOUT, in ms) end the connection, whether or not TCP would go on. Replies leave at once."""

RESERVED_FILES = 200
"""Open files wanted beside the connections: database, logs, libraries."""

ACCEPTS_PER_TURN = 64
"""Newcomers taken in one turn of the loop, so that a storm does not starve those already connected."""
