"""What the short way of usual transactions adds to that of other exchanges (`short_way`): a right MAC, a card, a row.

1. No rule is written down twice: the sign-on policy, the card, the issuer's word, the row and the elements of the reply
   are decided by the functions that `case` and `booking` call.
2. A transaction is usual where its MAC is made with the current keys, its batch is the open one, nothing is stored of
   it, the issuer approves without a change of the card's row, and there is nothing to note about its fields. About all
   others the service itself decides.
3. It takes one step after another: see `short_way`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hmac import compare_digest
from typing import Any, NamedTuple

from acquirer.dialect.dialect import Dialect, Route
from acquirer.host import services
from acquirer.host.admission import sign_on_due
from acquirer.host.booking import add_approval, new_row, only_stan_changes, session_after, stan_notes
from acquirer.host.calendar import is_expiry
from acquirer.host.card import number_facts, read_card
from acquirer.host.core import Host
from acquirer.host.field_notes import is_plain
from acquirer.host.issuer.decisions import CardUse
from acquirer.host.kinds import KINDS
from acquirer.host.registry import JudgeCard
from acquirer.host.short_values import STEP, WayParts
from acquirer.host.verification import Verified, proved_session
from acquirer.model.reasons import Reason
from acquirer.model.rows import Card, TransactionKey
from acquirer.wire.coverage import COVERAGES


class KeptRows(NamedTuple):
    """Rows that are in memory, beside those of terminals, and reference numbers."""

    is_new: Callable[[TransactionKey], bool]
    """Returns whether a transaction is known not to be stored."""
    card: Callable[[str], Card | None]
    """Returns the row of a card by its token; None: there is none. Raises LookupError: it is not in memory."""
    take_rrn: Callable[[], str]
    """Gives out a reference number."""


def judge_of(route: Route) -> JudgeCard | None:
    """Return the issuer's word on usual transactions of a route; None where they have no short way."""
    service = services.SERVICES.get(route.service)
    return service.judge if service is not None and route.served and route.mac_request else None


def transaction_parts(
    host: Host,
    route: Route,
    des: Collection[int],
    rows: KeptRows,
    text: Callable[[str], str],
    names: dict[str, Any],
) -> WayParts | None:
    """Return what the way of transactions with these fields consists of; None where they have none.

    Args:
        text: returns the expression for an element of the request.
        names: what the source uses is added to it.
    """
    dialect, judge, mac_de = host.dialect, judge_of(route), host.dialect.mac_de(dict.fromkeys(des, ""))
    if (
        judge is None
        or mac_de not in des
        or dialect.fields[mac_de].kind != "b"
        or host.suite.dukpt is not None
        or host.options.trigger_amounts
        or host.chip_data_de in des
        or _stands_in(dialect, "sent", des)  # what is noted of a clock is read from the message
    ):
        return None
    names |= {
        "APPROVED": Reason.APPROVED,
        "CardUse": CardUse,
        "TransactionKey": TransactionKey,
        "Verified": Verified,
        "add_approval": add_approval,
        "card_of": rows.card,
        "cards": host.issuer.cards,
        "compare_digest": compare_digest,
        "coverage": COVERAGES[dialect.security.coverage],
        "is_expiry": is_expiry,
        "is_new": rows.is_new,
        "is_plain": is_plain,
        "issuer": host.issuer,
        "judge": judge,
        "keys_of": host.ring.current,
        "kind": KINDS[route.service],
        "mac_of": host.suite.mac_algorithm,
        "new_row": new_row,
        "number_facts": number_facts,
        "only_stan_changes": only_stan_changes,
        "open_pin": host.suite.open_pin,
        "proved": host.unproved.proved,
        "proved_session": proved_session,
        "read_card": read_card,
        "route": route,
        "seal": host.suite.seal_reply,
        "session_after": session_after,
        "sign_on_due": sign_on_due,
        "stan_notes": stan_notes,
        "swiped": host.magstripe_entry_modes,
    }
    currency = dialect.constants.get("currency", "")
    checks = [
        *[f"{element} = {text(element)}" for element in ("amount", "currency", "expiry", "entry_mode")],
        "if not amount.isdecimal(): raise Unusual",
        "amount_minor = int(amount)",
        "if not amount_minor or (expiry and not is_expiry(expiry)): raise Unusual",
        *[f"if currency != {currency!r}: raise Unusual"] * bool(currency),
        "current = session.current",
        "if current is None: raise Unusual",
        "if terminal.policy.required == 'per-transaction': raise Unusual",
        *["if batch != session.batch or batch == session.settled: raise Unusual"] * host.has_batch,
        f"key = TransactionKey(mid, tid, {text(dialect.numbering.within)}, stan)",
        "if not is_new(key): raise Unusual",
    ]
    card = [f"pan = {text('pan')}"]
    if any(_stands_in(dialect, track, des) for track in ("track2", "track3")):
        card = [
            "card = read_card(host, fields, terminal, session, Verified(current.number, keys, None))",
            "if card.reason is not None or card.note: raise Unusual",
            "pan, expiry = card.pan, card.expiry",
        ]
    pin = "None"
    if host.pin_block_de in des:
        card += [
            f"opened = open_pin(keys, f{host.pin_block_de}, pan, {text('security_control')})",
            "if opened.note: raise Unusual",
        ]
        pin = "opened.pin"
    use = ["pan", "number.masked", "number.token", "amount_minor", "expiry", f"{text('card_entry')} in swiped"]
    row = ["key", "service", "True", text("processing_code"), text("transaction_type"), "amount_minor", "currency"]
    row += ["number.masked", "number.token", "entry_mode", "session.operator", "APPROVED", "elements", "current.number"]
    decides = [
        "if sign_on_due(host, stamp.day, terminal, session): raise Unusual",
        "keys = keys_of(tid, current)",
        f"covered = coverage(message.raw, {dialect.grammar.envelope_bytes}, {dialect.mac_width})",
        f"if not compare_digest(mac_of(keys.mak, covered, {dialect.security.mac_bytes}), f{mac_de}): raise Unusual",
        "proved(tid)",
        "stored, session = session, proved_session(session) or session",
        STEP,
        *card,
        "number = number_facts(host, pan)",
        STEP,
        "if number.problem or not is_plain(host, fields, message.raw, pan, entry_mode, amount_minor): raise Unusual",
        STEP,
        "entry = cards.get(pan)",
        "if entry is not None and entry.counted: raise Unusual",
        f"use = CardUse({', '.join([*use, text('icc_condition'), pin, 'stamp.day'])})",
        "judgement = judge(issuer, use, None if entry is None else card_of(number.token))",
        "if judgement.reason is not APPROVED or judgement.card is not None: raise Unusual",
        STEP,
        "rrn = take_rrn()",  # not before: what goes the general way has one from there
        "elements = {'code': code, **clock, 'rrn': rrn}",
        "add_approval(host, route, elements, number.organisation)",
        f"transaction = new_row({', '.join([*row, 'at_us', 'stamp.day', 'message.mti', 'None', text('rrn')])})",
        STEP,
        "only_stan = session is stored and only_stan_changes(session, kind)",
        "after = session if only_stan else session_after(session, kind, stan)",
        "notes = (*number.notes, *stan_notes(session.last_stan, stan, tid))",
        "why = judgement.why",
    ]
    plan = host.plans.plan(route, accepted=True)
    given = [*host.calendar.stamp(0).reply_elements, "code", "rrn", *{"auth_id"} & plan.elements]
    elements = {element: f"elements[{element!r}]" for element in given} | {"pan": "pan"}
    if organisation := dialect.constants.get("organisation"):
        elements["organisation"] = f"elements.get('organisation', {organisation!r})"
    has_mac = route.mac_reply != "never"
    seals = ["frame = encode(envelope(message.raw, 0), reply_mti, reply)"]
    if has_mac:
        seals = [
            "frame = encode(envelope(message.raw, 0), reply_mti, reply | no_mac)",
            STEP,
            "frame = seal(keys, frame)",
        ]
    facts = {"amount_minor": "amount_minor", "pan_masked": "number.masked"}
    return WayParts(checks, decides, elements, seals, facts, has_mac)


def _stands_in(dialect: Dialect, element: str, des: Collection[int]) -> bool:
    place = dialect.elements.get(element)
    return place is not None and place.de in des
