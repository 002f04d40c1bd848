"""What a terminal must not forget: its keys, its batch, its counter, its sales, and what it owes.

1. The outbox (`Pending`) is written before a transaction is sent and removed when its outcome is known, so that a power
   cut at any moment leaves either nothing to undo or the means to undo it. An advice is kept likewise (`Unanswered`),
   to be sent again.
2. Neither holds a track or a PIN block. They, the sales and the keys are sealed by a vault; the rest is readable JSON.
3. What an earlier version wrote is read: a part that it did not know is empty.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from acquirer.data.json_text import parse_json
from acquirer.data.text import plural
from acquirer.data.types import Randbytes
from acquirer.errors import StoreError
from acquirer.security.dukpt import DUKPT
from acquirer.security.dukpt_device import DukptDevice
from acquirer.security.vault import Vault, VaultError
from acquirer.security.working import WorkingKeys
from acquirer.slip.receipt import Receipt
from acquirer.terminal.operators import TerminalOperator, pack_operators, unpack_operators
from acquirer.terminal.settling import NO_BATCH, BatchState, pack_batch, unpack_batch
from acquirer.terminal.voucher import Voucher
from acquirer.terminal.voucher import dump as dump_voucher
from acquirer.terminal.voucher import load as load_voucher
from acquirer.wire.message import Value

FORMAT = 2
LAST_STAN = 999_999
KEPT_SALES = 50
"""Sales that a void or a refund can name by their STAN alone: as many as signatures that may wait for their upload."""


class StateError(StoreError, ValueError):
    """Kept state that cannot be read: what is wrong with it and what to do."""


@dataclass(frozen=True, slots=True)
class Original:
    """The transaction that a void, a refund or a completion names, as far as it is known; "": it is not."""

    stan: str = ""
    within: str = ""  # what its STAN is unique within: its batch, or when it was sent
    mti: str = ""
    rrn: str = ""
    auth_id: str = ""
    date: str = ""  # MMDD, as its slip shows it
    tid: str = ""  # the terminal that made it; "": this one


@dataclass(frozen=True, slots=True)
class Pending:
    """A transaction whose outcome is unknown, as the reversal that undoes it."""

    fields: Mapping[int, Value] = field(repr=False)  # of the reversal, without reason and MAC
    stan: str
    batch: str  # or another element that its STAN is unique within
    amount_minor: int
    card: str  # masked
    reason: str  # why it is to be reversed, in the dialect's code
    tries: int = 0  # already made
    by_hand: bool = False  # it was answered, and is to be undone by hand: a refusal of the host ends it
    service: str = "sale"  # what it undoes
    mti: str = ""  # of that; "": of the route of this service
    original: Original | None = None  # the transaction that it is tied to


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An advice that was sent and not answered: the host may have booked it or not. It is never undone."""

    fields: Mapping[int, Value] = field(repr=False)  # without MAC; card number and expiry in place of a track
    service: str
    mti: str  # as it was sent first
    stan: str
    batch: str  # or another element that its STAN is unique within
    amount_minor: int
    card: str  # masked
    entry: str  # a name of `profile.entries`
    original: Original | None = None


@dataclass(frozen=True, slots=True)
class Sold:
    """An approved sale or pre-authorisation, as a void, a refund or a completion may have to name it."""

    original: Original
    amount_minor: int  # of a pre-authorisation with its top-ups
    pan: str = field(repr=False)
    expiry: str = field(repr=False)
    voided: bool = False  # or completed, or adjusted: it cannot be named again
    service: str = "sale"  # what it is
    of: tuple[str, str] | None = None  # the key of the pre-authorisation that it completes

    @property
    def key(self) -> tuple[str, str]:
        """What its STAN is unique within, and its STAN."""
        return self.original.within, self.original.stan


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
    device: DukptDevice | None = None  # where keys are derived for each message: those to come
    bdk_kcv: str = ""  # of the base derivation key they come from
    pending: Pending | None = None
    last: Pending | None = None  # the last approved transaction that can be reversed, for a reversal by hand
    unanswered: Unanswered | None = None
    sales: tuple[Sold, ...] = ()  # approved ones, oldest first, without those that were reversed
    voucher: Voucher | None = None  # of the last approved transaction
    waiting: tuple[Voucher, ...] = ()  # signed ones, oldest first, until the host has their signatures
    operators: tuple[TerminalOperator, ...] = ()  # who may use it; none: anyone
    operator: str = ""  # the cashier who is logged on
    batch_books: BatchState = NO_BATCH  # what its settlement counts, and how far that is

    @property
    def receipt(self) -> Receipt | None:
        """Of the last approved transaction."""
        return self.voucher.receipt if self.voucher else None

    def next_stan(self) -> State:
        """Return the state with its counter moved on; after 999999 comes 000001, for 000000 is no STAN."""
        return replace(self, stan=f"{int(self.stan) % LAST_STAN + 1:06d}")

    def with_sale(self, sold: Sold) -> tuple[Sold, ...]:
        """Return the kept sales with one more; the oldest are forgotten."""
        return (*self.sales, sold)[-KEPT_SALES:]

    def without_sale(self, within: str, stan: str) -> tuple[Sold, ...]:
        """Return the kept sales without one that was reversed."""
        return tuple(one for one in self.sales if one.key != (within, stan))

    def with_voided(self, original: Original, voided: bool) -> tuple[Sold, ...]:
        """Return the kept sales after one was closed by what followed it, or that was undone.

        What a completion closed is open while the completion is voided.
        """
        key = (original.within, original.stan)
        beneath = next((one.of for one in self.sales if one.key == key), None)
        closed = {key: voided} | ({beneath: not voided} if beneath else {})
        return tuple(replace(one, voided=closed.get(one.key, one.voided)) for one in self.sales)

    def with_raised(self, original: Original, more_minor: int) -> tuple[Sold, ...]:
        """Return the kept sales after a pre-authorisation was topped up by so much."""
        key = (original.within, original.stan)
        return tuple(
            replace(one, amount_minor=one.amount_minor + more_minor) if one.key == key else one for one in self.sales
        )

    def sale(self, stan: str = "", within: str = "", of: Collection[str] = ()) -> Sold | None:
        """Return the latest kept sale of this STAN; without a STAN, the latest that is not voided; None without one.

        Args:
            of: the kinds that it may be of; empty: any.
        """
        for one in reversed(self.sales):
            if stan and one.original.stan != stan:
                continue
            if within not in ("", one.original.within) or (not stan and one.voided):
                continue
            if of and one.service not in of:
                continue
            return one
        return None


def waits(state: State) -> str:
    """Return a sentence about the signatures that are kept; "" when there are none."""
    if not state.waiting:
        return ""
    kept = plural(len(state.waiting), "signature waits", "signatures wait")
    return f"{kept} for the upload: 'upload' sends what is kept"


def dump(state: State, vault: Vault, randbytes: Randbytes) -> str:
    """Return `state` as JSON text; what must not be read is sealed."""

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
        "unanswered": sealed("unanswered", _pack(state.unanswered)) if state.unanswered else "",
        "sales": sealed("sales", _pack_sales(state.sales)) if state.sales else "",
        "operator": state.operator,
        "operators": sealed("operators", pack_operators(state.operators)) if state.operators else "",
        "batch_books": sealed("batch", pack_batch(state.batch_books)) if state.batch_books != NO_BATCH else "",
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def load(text: str, vault: Vault) -> State:
    """Return the state that `dump` wrote.

    Raises:
        StateError: the text is damaged, of another version, or sealed under another key file.
    """
    try:
        document = parse_json(text)
        if document["format"] != FORMAT:
            raise StateError(f"it has format {document['format']}, this program reads format {FORMAT}")

        def opened(part: str, key: str = "") -> bytes:
            return vault.open(f"terminal-{part}:{document['tid']}", bytes.fromhex(document[key or part]))

        derives = document.get("dukpt", "")  # absent in a state that was written before keys were derived
        return State(
            tid=document["tid"],
            mid=document["mid"],
            tmk_kcv=document["tmk_kcv"],
            batch=document["batch"],
            stan=document["stan"],
            signed_on=document["signed_on"],
            package=document["package"],
            keys=WorkingKeys.unpack(opened("keys")) if document["keys"] else None,
            device=DukptDevice.unpack(DUKPT[derives], opened("device")) if derives else None,
            bdk_kcv=document.get("bdk_kcv", ""),
            pending=_unpack_pending(opened("pending")) if document["pending"] else None,
            last=_unpack_pending(opened("last")) if document["last"] else None,
            unanswered=_unpack_unanswered(opened("unanswered")) if document.get("unanswered") else None,
            sales=_unpack_sales(opened("sales")) if document.get("sales") else (),
            operator=document.get("operator", ""),
            operators=unpack_operators(opened("operators")) if document.get("operators") else (),
            voucher=load_voucher(document["voucher"], document["tid"], vault) if document["voucher"] else None,
            waiting=tuple(load_voucher(one, document["tid"], vault) for one in document["waiting"]),
            batch_books=unpack_batch(opened("batch", "batch_books")) if document.get("batch_books") else NO_BATCH,
        )
    except VaultError:
        raise StateError("its sealed parts do not open: it is damaged, or its key file is another one") from None
    except StateError:
        raise
    except (ValueError, KeyError, TypeError):
        raise StateError("it is damaged") from None


def _pack(kept: Pending | Unanswered) -> bytes:
    document = asdict(replace(kept, fields={}))
    document["fields"] = {
        str(de): value if isinstance(value, str) else {"hex": value.hex()} for de, value in kept.fields.items()
    }
    return json.dumps(document).encode()


def _unpack(packed: bytes) -> dict[str, Any]:
    document: dict[str, Any] = parse_json(packed)
    fields: dict[int, Value] = {
        int(de): value if isinstance(value, str) else bytes.fromhex(value["hex"])
        for de, value in document["fields"].items()
    }
    original = document.get("original")  # an earlier version had no such part
    return {**document, "fields": fields, "original": Original(**original) if original else None}


def _unpack_pending(packed: bytes) -> Pending:
    return Pending(**_unpack(packed))


def _unpack_unanswered(packed: bytes) -> Unanswered:
    return Unanswered(**_unpack(packed))


def _pack_sales(sales: tuple[Sold, ...]) -> bytes:
    return json.dumps([asdict(one) for one in sales]).encode()


def _unpack_sales(packed: bytes) -> tuple[Sold, ...]:
    return tuple(
        Sold(**{**one, "original": Original(**one["original"]), "of": tuple(one.get("of") or ()) or None})
        for one in parse_json(packed)
    )
