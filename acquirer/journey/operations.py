"""What a terminal can be made to do in a journey: its operations with their arguments, and faults of its own side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from acquirer.journey.operation import Argument, TerminalOperation
from acquirer.journey.operator_operations import OPERATOR_OPERATIONS, SUPERVISOR
from acquirer.terminal.download import MESSAGES
from acquirer.terminal.kind import Verb
from acquirer.terminal.kinds import FOLLOWED, SALE_KINDS, SALES, followers
from acquirer.terminal.load_chip import KINDS_OF_LOADS
from acquirer.terminal.script_result import OUTCOMES


def _services(verb: Verb) -> tuple[str, ...]:
    return tuple(kind.service for kind in followers(verb))


_CARD: Final = Argument("card", "card", "a test card by its name")
_ENTRY: Final = Argument("entry", "entry", "how the card is read: chip, contactless, magstripe, fallback, manual")
_PIN: Final = Argument("pin", "pin", "the PIN that is keyed in")
_DROP: Final = Argument("drop_reversal", "flag", "give up the reversal that is owed")
_SIGN: Final = Argument("sign", "text", "who signs on the pad: a name, or a file .png or .json of strokes")
_SIGN_MODE: Final = Argument("sign_mode", "text", "what is signed with: touch, pen, fingerprint")
_STAN: Final = Argument("stan", "text", "of the sale; without it, the last approved one")
_BATCH: Final = Argument("batch", "text", "of that sale, where it is not the current one")
_RRN: Final = Argument("rrn", "text", "reference number of a sale that is not kept here")
_AMOUNT: Final = Argument("amount", "amount", "of that sale, where it is not kept here")
_AFTER_ERROR: Final = Argument("upload_after_error", "flag", "go on where the host answers error")
_AUTH_ID: Final = Argument("auth_id", "text", "authorisation code of a pre-authorisation that is not kept here")
_DATE: Final = Argument("date", "text", "MMDD of it, as its slip shows it")
_OF: Final = Argument("of", "text", "what it is of, where that is not kept here: sale, pre-auth, completion", FOLLOWED)
_DETAILS: Final = Argument("details", "texts", "what it needs beside, by name: docs/transactions.md")
_VOUCHER: Final = Argument("voucher", "text", "voucher number of a sale by QR code that is not kept here")
_CHIP_REFUSES: Final = Argument("chip_refuses", "flag", "the chip refuses it, so that the host is not asked")
_COPY: Final = Argument("copy", "text", "whose: merchant, cardholder or bank")
_POINTS: Final = Argument("points", "flag", "ask for its points instead")
_CARD_AND_PAD: Final = (_CARD, _ENTRY, _PIN, _DROP, _SIGN, _SIGN_MODE)


_ALL: Final = (
    TerminalOperation("sign_on", "sign_on", "Sign on: fetch working keys and the batch."),
    TerminalOperation("key_change", "key_change", "Fetch new working keys between two sign-ons."),
    TerminalOperation(
        "sale",
        "sale",
        "Sell. Signs on before if need be, and reverses by itself what stays unanswered.",
        (
            Argument("amount", "amount", "how much"),
            *_CARD_AND_PAD,
            Argument(
                "kind",
                "text",
                "instalment, points, recurring, moto, reservation, qr; without it, a plain sale",
                tuple(SALE_KINDS),
            ),
            _DETAILS,
            _CHIP_REFUSES,
        ),
        frozenset({"amount"}),
        others=tuple(kind.service for kind in SALES),
    ),
    TerminalOperation(
        "void",
        "void",
        "Void a sale, a pre-authorisation or a completion.",
        (_STAN, _BATCH, _AMOUNT, _RRN, _AUTH_ID, _DATE, _OF, _VOUCHER, *_CARD_AND_PAD, SUPERVISOR),
        others=_services("void"),
    ),
    TerminalOperation(
        "pre_auth",
        "pre_auth",
        "Hold an amount on a card.",
        (
            Argument("amount", "amount", "how much"),
            *_CARD_AND_PAD,
            Argument("moto", "flag", "for an order by mail or telephone"),
            _DETAILS,
        ),
        frozenset({"amount"}),
    ),
    TerminalOperation(
        "top_up",
        "pre_auth_top_up",
        "Hold more on the card of a pre-authorisation.",
        (Argument("amount", "amount", "how much more"), _STAN, _BATCH, _AUTH_ID, _DATE, *_CARD_AND_PAD),
        frozenset({"amount"}),
    ),
    TerminalOperation(
        "complete",
        "completion",
        "Complete a pre-authorisation: take what was spent.",
        (
            Argument("amount", "amount", "how much; without it, all that is held"),
            Argument("advice", "flag", "tell of it as an advice, which is never reversed"),
            _STAN,
            _BATCH,
            _AUTH_ID,
            _DATE,
            *_CARD_AND_PAD,
            Argument("of", "text", "moto-pre-auth, where that is not kept here", FOLLOWED),
        ),
        others=_services("complete"),
    ),
    TerminalOperation(
        "offline_sale",
        "offline_sale",
        "Report a sale that was made without the host, at once or later (`offline_upload`).",
        (
            Argument("amount", "amount", "how much"),
            Argument("auth_id", "text", "the code given on the telephone; without it, the amount was small"),
            Argument("institution", "text", "who gave it"),
            _CARD,
            _ENTRY,
            _DROP,
            _SIGN,
            _SIGN_MODE,
        ),
        frozenset({"amount"}),
    ),
    TerminalOperation(
        "verify_holder",
        "cardholder_verification",
        "Ask whether details are those of a card's holder.",
        (_CARD, _DETAILS, _DROP),
        frozenset({"details"}),
        saves=False,
    ),
    TerminalOperation(
        "script_result",
        "script_result",
        "Report how an issuer's script went.",
        (Argument("outcome", "text", "done, failed or not-performed", tuple(OUTCOMES)), _STAN, _BATCH, _DROP),
        saves=False,
    ),
    TerminalOperation(
        "load_chip",
        "account_load",
        "Load electronic cash onto a chip.",
        (
            Argument("amount", "amount", "how much"),
            _CARD,
            Argument("source", "text", "account, cash, or other", tuple(KINDS_OF_LOADS)),
            Argument("paid_by", "card", "the card that pays, with source other"),
            _PIN,
            _DROP,
        ),
        frozenset({"amount"}),
        others=("cash_load", "other_account_load", "script_result"),
    ),
    TerminalOperation(
        "ecash_sale",
        "ecash_sale",
        "Pay from the electronic cash of a chip.",
        (Argument("amount", "amount", "how much"), _CARD, _ENTRY, _DROP, _CHIP_REFUSES),
        frozenset({"amount"}),
    ),
    TerminalOperation(
        "adjust",
        "settlement_adjustment",
        "Count another amount in the place of a sale's.",
        (
            Argument("amount", "amount", "the whole new amount"),
            _STAN,
            _BATCH,
            _RRN,
            _DATE,
            _CARD,
            _ENTRY,
            _DROP,
            _SIGN,
            _SIGN_MODE,
        ),
        frozenset({"amount"}),
    ),
    TerminalOperation(
        "tip",
        "tip_adjustment",
        "Add a tip to a sale.",
        (Argument("tip", "amount", "the tip"), _STAN, _BATCH, _DROP, _SIGN, _SIGN_MODE),
        frozenset({"tip"}),
    ),
    TerminalOperation(
        "again",
        "refund",
        "Send the advice that got no answer once more.",
        (_SIGN, _SIGN_MODE),
        others=(*_services("complete"), *_services("adjust"), *_services("tip"), "offline_sale", "ecash_sale"),
    ),
    TerminalOperation(
        "refund",
        "refund",
        "Give a sale's money back, in whole or in part.",
        (
            Argument("amount", "amount", "how much; without it, all of a sale that is kept"),
            _STAN,
            _BATCH,
            _RRN,
            Argument("date", "text", "MMDD of that sale"),
            _CARD,
            _ENTRY,
            _DROP,
            _SIGN,
            _SIGN_MODE,
            Argument("again", "flag", "send the refund that got no answer once more"),
            _OF,
            Argument("sale_tid", "text", "the terminal of an electronic cash sale, if another one"),
            _VOUCHER,
            SUPERVISOR,
        ),
        others=_services("refund"),
    ),
    TerminalOperation(
        "balance",
        "balance",
        "Ask what a card has left.",
        (_CARD, _ENTRY, _PIN, _DROP, _POINTS),
        saves=False,
        others=("points_balance",),
    ),
    TerminalOperation(
        "sign",
        "signature",
        "Sign a slip later, or again.",
        (_SIGN, Argument("mode", "text", "what is signed with: touch, pen, fingerprint"), _STAN, _BATCH),
        frozenset({"sign"}),
    ),
    TerminalOperation(
        "upload",
        "signature",
        "Upload all that is kept, as before a settlement: what was made without the host, then signatures.",
        (Argument("rounds", "number", "how often; without it, as the dialect says"), _STAN, _BATCH),
    ),
    TerminalOperation(
        "reverse",
        "reversal",
        "Reverse what is owed, else a sale by hand.",
        (_STAN, Argument("reason", "text", "the reason that the reversal gives"), _BATCH, _AMOUNT),
    ),
    TerminalOperation(
        "reprint",
        "",
        "Print a slip again: what a printer in trouble left, else the last one, or that of a STAN.",
        (_STAN, _BATCH, _COPY, Argument("settlement", "flag", "the slip of the last settlement")),
    ),
    TerminalOperation("echo", "echo", "Ask whether the host is there.", saves=False),
    TerminalOperation(
        "download",
        "parameters",
        "Download parameters, keys and lists; each kind is kept once it was fetched to its end.",
        (Argument("kinds", "text", "all, or some by their words: docs/downloads.md; without it, all"),),
        others=MESSAGES,
    ),
    TerminalOperation("sign_off", "sign_off", "Sign off; a cashier is logged off by that."),
    *OPERATOR_OPERATIONS,
    TerminalOperation(
        "settle",
        "settlement",
        "Settle the batch: totals, upload of details, its end. Goes on with a settlement that was interrupted.",
        (Argument("sign_off", "flag", "sign off when it is done"), _DROP, _AFTER_ERROR),
    ),
)

OPERATIONS: Final[Mapping[str, TerminalOperation]] = {one.name: one for one in _ALL}

SIGNATURE_SERVICES: Final = ("signature", "signature_part")
