"""What a terminal must not forget: its keys, its batch, its counter, the reversal and the signatures it owes.

The outbox (`Pending`) is written before the sale is sent and removed when its outcome is known, so that a power cut at
any moment leaves either nothing to undo or the means to undo it. It holds no track and no PIN block; it and the keys
are sealed by a vault, the rest is readable JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from acquirer.data.types import Randbytes
from acquirer.security.dukpt import DUKPT
from acquirer.security.dukpt_device import Device
from acquirer.security.vault import Vault, VaultError
from acquirer.security.working import WorkingKeys
from acquirer.slip.receipt import Receipt
from acquirer.terminal.voucher import Voucher
from acquirer.terminal.voucher import dump as dump_voucher
from acquirer.terminal.voucher import load as load_voucher
from acquirer.wire.message import Value

FORMAT = 2
LAST_STAN = 999_999


class StateError(ValueError):
    """Kept state that cannot be read: what is wrong with it and what to do."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A sale whose outcome is unknown, as the reversal that undoes it."""

    fields: Mapping[int, Value] = field(repr=False)  # of the reversal, without reason and MAC
    stan: str
    batch: str
    amount_minor: int
    card: str  # masked
    reason: str  # why it is to be reversed, in the dialect's code
    tries: int = 0  # already made
    by_hand: bool = False  # somebody wants an answered sale undone: a host that refuses ends it, for nothing is unknown


@dataclass(frozen=True, slots=True)
class State:
    """One terminal, between two operations."""

    tid: str
    mid: str
    tmk_kcv: str  # of the master key the working keys came under
    batch: str = "000001"
    stan: str = "000000"  # the last one used
    signed_on: bool = False
    keys: WorkingKeys | None = None
    package: str = ""  # the key package they came in
    device: Device | None = None  # where keys are derived for each message: those to come
    bdk_kcv: str = ""  # of the base derivation key they come from
    pending: Pending | None = None
    last: Pending | None = None  # the last approved sale, for a reversal by hand
    voucher: Voucher | None = None  # of the last approved sale
    waiting: tuple[Voucher, ...] = ()  # signed ones, oldest first, until the host has their signatures

    @property
    def receipt(self) -> Receipt | None:
        """Of the last approved sale."""
        return self.voucher.receipt if self.voucher else None

    def next_stan(self) -> State:
        """The counter moved on; after 999999 comes 000001, for 000000 is no STAN."""
        return replace(self, stan=f"{int(self.stan) % LAST_STAN + 1:06d}")


def waits(state: State) -> str:
    """A sentence about the signatures that are kept; nothing when there are none."""
    count = len(state.waiting)
    noun = "1 signature waits" if count == 1 else f"{count} signatures wait"
    return f"{noun} for the upload: 'upload' sends what is kept" if count else ""


def dump(state: State, vault: Vault, randbytes: Randbytes) -> str:
    """`state` as JSON text; what must not be read is sealed."""

    def sealed(part: str, clear: bytes) -> str:
        return vault.seal(f"terminal-{part}:{state.tid}", clear, randbytes).hex()

    document: dict[str, Any] = {
        "format": FORMAT,
        "tid": state.tid,
        "mid": state.mid,
        "tmk_kcv": state.tmk_kcv,
        "batch": state.batch,
        "stan": state.stan,
        "signed_on": state.signed_on,
        "package": state.package,
        "kcvs": state.keys.kcvs if state.keys else "",
        "voucher": dump_voucher(state.voucher, state.tid, vault, randbytes) if state.voucher else None,
        "waiting": [dump_voucher(one, state.tid, vault, randbytes) for one in state.waiting],
        "keys": sealed("keys", state.keys.pack()) if state.keys else "",
        "dukpt": state.device.dukpt.name if state.device else "",
        "bdk_kcv": state.bdk_kcv,
        "device": sealed("device", state.device.pack()) if state.device else "",
        "pending": sealed("pending", _pack(state.pending)) if state.pending else "",
        "last": sealed("last", _pack(state.last)) if state.last else "",
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def load(text: str, vault: Vault) -> State:
    """The state that `dump` wrote.

    Raises:
        StateError: the text is damaged, of another version, or sealed under another key file.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise StateError(f"it has format {document['format']}, this program reads format {FORMAT}")

        def opened(part: str) -> bytes:
            return vault.open(f"terminal-{part}:{document['tid']}", bytes.fromhex(document[part]))

        derives = document.get("dukpt", "")  # states written before keys were derived do not speak of it
        return State(
            tid=document["tid"],
            mid=document["mid"],
            tmk_kcv=document["tmk_kcv"],
            batch=document["batch"],
            stan=document["stan"],
            signed_on=document["signed_on"],
            package=document["package"],
            keys=WorkingKeys.unpack(opened("keys")) if document["keys"] else None,
            device=Device.unpack(DUKPT[derives], opened("device")) if derives else None,
            bdk_kcv=document.get("bdk_kcv", ""),
            pending=_unpack(opened("pending")) if document["pending"] else None,
            last=_unpack(opened("last")) if document["last"] else None,
            voucher=load_voucher(document["voucher"], document["tid"], vault) if document["voucher"] else None,
            waiting=tuple(load_voucher(one, document["tid"], vault) for one in document["waiting"]),
        )
    except VaultError:
        raise StateError("its sealed parts do not open: it is damaged, or its key file is another one") from None
    except StateError:
        raise
    except (ValueError, KeyError, TypeError):
        raise StateError("it is damaged") from None


def _pack(pending: Pending) -> bytes:
    document = asdict(replace(pending, fields={}))
    document["fields"] = {
        str(de): value if isinstance(value, str) else {"hex": value.hex()} for de, value in pending.fields.items()
    }
    return json.dumps(document).encode()


def _unpack(packed: bytes) -> Pending:
    document = json.loads(packed)
    fields: dict[int, Value] = {
        int(de): value if isinstance(value, str) else bytes.fromhex(value["hex"])
        for de, value in document.pop("fields").items()
    }
    return Pending(fields=fields, **document)
