"""What a terminal must not forget: its keys, its batch, its counter, its sales, and what it owes.

1. The outbox (`Pending`) is written before a transaction is sent and removed when its outcome is known, so that a power
   cut at any moment leaves either nothing to undo or the means to undo it. An advice is kept likewise (`KeptAdvice`),
   to be sent again, and so is what was made without the host, until the host has it.
2. Neither holds a track or a PIN block. They, the sales and the keys are sealed by a vault; the rest is readable JSON.
3. What an earlier version wrote is read: a part that it did not know is empty.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
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
from acquirer.terminal.downloaded import NO_DOWNLOADS, Downloaded, pack_downloaded, unpack_downloaded
from acquirer.terminal.kept_transactions import (
    KeptAdvice,
    Original,
    Pending,
    Sold,
    pack_sales,
    pack_transaction,
    unpack_advice,
    unpack_pending,
    unpack_sales,
)
from acquirer.terminal.operators import TerminalOperator, pack_operators, unpack_operators
from acquirer.terminal.prints import PrintRecord, Unprinted, pack_prints, pack_unprinted, read_prints, read_unprinted
from acquirer.terminal.settling import NO_BATCH, BatchState, pack_batch, unpack_batch
from acquirer.terminal.voucher import Voucher
from acquirer.terminal.voucher import dump as dump_voucher
from acquirer.terminal.voucher import load as load_voucher

FORMAT = 2
LAST_STAN = 999_999
KEPT_SALES = 50
"""Sales that a void or a refund can name by their STAN alone: as many as signatures that may wait for their upload."""


class StateError(StoreError, ValueError):
    """Kept state that cannot be read: what is wrong with it and what to do."""


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
    unanswered: KeptAdvice | None = None
    queue: tuple[KeptAdvice, ...] = ()  # made without the host, oldest first, until the host has answered each
    sales: tuple[Sold, ...] = ()  # approved ones, oldest first, without those that were reversed
    voucher: Voucher | None = None  # of the last approved transaction
    waiting: tuple[Voucher, ...] = ()  # signed ones, oldest first, until the host has their signatures
    operators: tuple[TerminalOperator, ...] = ()  # who may use it; none: anyone
    operator: str = ""  # the cashier who is logged on
    unprinted: Unprinted | None = None  # copies that are left to print
    prints: tuple[PrintRecord, ...] = ()  # the journal of its printer, oldest first
    batch_books: BatchState = NO_BATCH  # what its settlement counts, and how far that is
    downloaded: Downloaded = NO_DOWNLOADS  # parameters, keys, lists

    @property
    def receipt(self) -> Receipt | None:
        """Of the last approved transaction."""
        return self.voucher.receipt if self.voucher else None

    def is_queued(self, key: tuple[str, str]) -> bool:
        """Return whether a transaction, by batch and STAN, waits for its upload."""
        return any(one.key == key for one in self.queue)

    def is_in_queue(self, key: tuple[str, str]) -> bool:
        """Return whether a transaction waits for its upload, or one that is tied to it does."""
        tied = ((one.original.within, one.original.stan) for one in self.queue if one.original)
        return self.is_queued(key) or key in tied

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

    downloaded = state.downloaded
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
        "pending": sealed("pending", pack_transaction(state.pending)) if state.pending else "",
        "last": sealed("last", pack_transaction(state.last)) if state.last else "",
        "unanswered": sealed("unanswered", pack_transaction(state.unanswered)) if state.unanswered else "",
        "queue": [sealed("queue", pack_transaction(one)) for one in state.queue],
        "sales": sealed("sales", pack_sales(state.sales)) if state.sales else "",
        "unprinted": pack_unprinted(state.unprinted),
        "prints": pack_prints(state.prints),
        "operator": state.operator,
        "operators": sealed("operators", pack_operators(state.operators)) if state.operators else "",
        "batch_books": sealed("batch", pack_batch(state.batch_books)) if state.batch_books != NO_BATCH else "",
        "downloaded": sealed("downloads", pack_downloaded(downloaded)) if downloaded != NO_DOWNLOADS else "",
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

        def unsealed(part: str, text: str) -> bytes:
            return vault.open(f"terminal-{part}:{document['tid']}", bytes.fromhex(text))

        def opened(part: str, key: str = "") -> bytes:
            return unsealed(part, document[key or part])

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
            pending=unpack_pending(opened("pending")) if document["pending"] else None,
            last=unpack_pending(opened("last")) if document["last"] else None,
            unanswered=unpack_advice(opened("unanswered")) if document.get("unanswered") else None,
            queue=tuple(unpack_advice(unsealed("queue", one)) for one in document.get("queue", ())),
            sales=unpack_sales(opened("sales")) if document.get("sales") else (),
            unprinted=read_unprinted(document.get("unprinted")),
            prints=read_prints(document.get("prints", ())),
            operator=document.get("operator", ""),
            operators=unpack_operators(opened("operators")) if document.get("operators") else (),
            voucher=load_voucher(document["voucher"], document["tid"], vault) if document["voucher"] else None,
            waiting=tuple(load_voucher(one, document["tid"], vault) for one in document["waiting"]),
            batch_books=unpack_batch(opened("batch", "batch_books")) if document.get("batch_books") else NO_BATCH,
            downloaded=unpack_downloaded(opened("downloads", "downloaded"))
            if document.get("downloaded")
            else NO_DOWNLOADS,
        )
    except VaultError:
        raise StateError("its sealed parts do not open: it is damaged, or its key file is another one") from None
    except StateError:
        raise
    except (ValueError, KeyError, TypeError):
        raise StateError("it is damaged") from None
