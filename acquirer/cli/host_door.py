"""What only a host itself may change while it serves a store goes to it by HTTP, where it offers that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.model.rows import Signature, TransactionKey
    from acquirer.settings.door_file import HostDoor
    from acquirer.store.registry import Registered
    from acquirer.store.uploads import ImportOutcome

PART: Final = 100
"""Signatures of one request, half of those that a host takes."""

PART_BYTES: Final = 512 << 10
"""Of them as JSON: half of what a host takes as a body."""


class ServedDoor:
    """The door of a host that serves a store."""

    def __init__(self, door: HostDoor) -> None:
        self._door = door

    def register(self, document: Mapping[str, Any]) -> Registered:
        """Register the terminals of a document. Raises Exit."""
        from acquirer.store.registry import Registered

        answer = self._post("/terminals", document)
        return Registered(answer["added"], answer["changed"], answer["unchanged"], answer["keys_dropped"])

    def fetch(self, tid: str, kinds: Sequence[str] | None, *, registered_tmk: bool) -> None:
        """Have a terminal asked to download. Raises Exit.

        Args:
            kinds: of downloads, all that it is to be asked for; None: as before.
        """
        document = {"downloads": None if kinds is None else [*kinds], "registered_tmk": registered_tmk}
        self._post(f"/terminals/{quote(tid, safe='')}/fetch", document)

    def rotate_master_key(self, tid: str, tmk: str, cipher: str) -> tuple[str, str]:
        """Give a terminal another master key; return the KCVs before and now. Raises Exit."""
        answer = self._post(f"/terminals/{quote(tid, safe='')}/rotate-master-key", {"tmk": tmk, "tmk_cipher": cipher})
        return answer["before_kcv"], answer["kcv"]

    def import_signatures(self, exported: Iterable[tuple[Signature, bytes, bytes]]) -> list[ImportOutcome]:
        """Have signatures imported, in parts that a host takes at once; return what became of each.

        Raises:
            Exit: the host refuses a part; those before it are imported.
            FolderError: what reads them cannot go on; those before that are imported.
        """
        return [outcome for part in _parts(exported) for outcome in self._post("/signatures", part)["outcomes"]]

    def receipt_link(self, key: TransactionKey) -> str:
        """Return a link to the slip of a transaction. Raises Exit."""
        return str(self._post("/receipts", key._asdict())["url"])

    def _post(self, path: str, document: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
        from acquirer.app.host_client import HostClient, HostRefusalError, HostUnreachableError

        try:
            return HostClient(self._door).ask("POST", path, document)
        except (HostRefusalError, HostUnreachableError) as exc:
            raise Exit(Code.USAGE, f"{exc}.") from None


def _parts(exported: Iterable[tuple[Signature, bytes, bytes]]) -> Iterator[list[dict[str, Any]]]:
    """Yield signatures as a host takes them, so many at once."""
    import json
    from base64 import b64encode

    from acquirer.app.signature_folder import FolderError
    from acquirer.app.signatures import signature_json

    part: list[dict[str, Any]] = []
    part_bytes = 0
    try:
        for one, stream, _ in exported:
            document = {"signature": signature_json(one, counts=True), "image": b64encode(stream).decode()}
            size_bytes = len(json.dumps(document))
            if part and (len(part) == PART or part_bytes + size_bytes > PART_BYTES):
                yield part
                part, part_bytes = [], 0
            part.append(document)
            part_bytes += size_bytes
    except FolderError:
        if part:
            yield part
        raise
    if part:
        yield part


def served_door(url: str) -> ServedDoor | None:
    """Return the door of the host that serves a store now; None when none does, or offers none."""
    from acquirer.settings.door_file import door_path, read_door
    from acquirer.store.location import database_path, lock_holder

    try:
        database = database_path(url)
    except ValueError:
        return None
    if database is None or not door_path(database).exists():
        return None
    holder = lock_holder(database)
    door = read_door(database, holder) if holder else None
    return None if door is None else ServedDoor(door)
