"""``<database>.http``: where the host that serves a database is controlled by HTTP, for its owner alone.

It is there as long as that host is. One that was killed leaves it behind, so it names its process: only who holds the
lock of the database is believed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.settings.private_file import write_private


@dataclass(frozen=True, slots=True)
class HostDoor:
    """Where a host is reached, and what it demands."""

    url: str
    token: str
    process: int


def door_path(database: Path) -> Path:
    """Return the path of the file beside a database."""
    return database.with_name(database.name + ".http")


def write_door(database: Path, door: HostDoor) -> None:
    """Write the file of a database. Raises OSError."""
    path = door_path(database)
    path.unlink(missing_ok=True)  # one that others could read, or a link, is not written to
    write_private(path, f"{json.dumps(asdict(door))}\n".encode())


def read_door(database: Path, holder: int) -> HostDoor | None:
    """Return the door of the host that serves a database; None when there is none.

    Args:
        holder: the process that holds the lock of the database.
    """
    try:
        found = parse_json(door_path(database).read_bytes())
        door = HostDoor(str(found["url"]), str(found["token"]), int(found["process"]))
    except (OSError, JsonTextError, KeyError, TypeError, ValueError):
        return None
    return door if door.process == holder and door.url.startswith("http://") else None


def remove_door(database: Path) -> None:
    """Remove the file of a database. Raises OSError."""
    door_path(database).unlink(missing_ok=True)
