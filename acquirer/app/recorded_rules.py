"""Rules made of a recording, with which our host answers as the recorded one did.

1. What is asked alike (service, amount, card) is answered alike: by one code, or by the recorded ones in turn.
2. What was not answered is not answered here either, by a fault. Whether that host had booked it, no recording says.
3. A message that was sent again is no second transaction, and needs no rule.
4. A card is known by what a journal shows of its number. What no rule can distinguish, or decide, is listed and
   gets none: what is masked never becomes a rule about something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from acquirer.app.recording import RecordedExchange
from acquirer.data.text import plural, printable
from acquirer.data.toml import DataError, parse_toml
from acquirer.data.toml_text import toml_tables, toml_value
from acquirer.dialect.definitions import ACCEPTED
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.router import without_repeat
from acquirer.host.services import SERVICES
from acquirer.journal.entry import Entry
from acquirer.journal.masked_frame import is_hidden
from acquirer.matcher.expression import value_text
from acquirer.scenario.rules.reading import read_rules

REPEATED_ELEMENTS: Final = ("additional", "organisation", "issuer_text", "network_text", "acquirer_text")
"""Elements of replies that a host makes of its own, and makes alike for one request: rules set them, where they differ
from what the dialect has for them."""

MANAGEMENT: Final = frozenset({"sign_on", "sign_off", "echo", "key_change", "settlement", "batch_upload"})
"""Services whose approval follows from what was before; a rule is made of their refusals only."""


@dataclass(slots=True)
class RecordedText:
    """A file that was made of a recording."""

    text: str  # "": nothing has to stand in it
    reproduced: int  # exchanges that it stands for
    left_out: list[str] = field(default_factory=list)  # what it does not reproduce, a sentence each


RequestKey = tuple[str, str, str, str]
"""Service, terminal ("": any), amount and card ("": none) of requests that are alike."""


def recorded_rules(exchanges: Sequence[RecordedExchange], dialect: Dialect, name: str) -> RecordedText:
    """Return a pack of rules and faults.

    Args:
        name: of the recording, for the names of rules.
    """
    result = RecordedText("", 0)
    alike: dict[RequestKey, list[Entry]] = {}
    seen: set[tuple[str, ...]] = set()
    for entry in (one.entry for one in exchanges):
        if why := _why_not(entry, dialect):
            result.left_out.append(f"exchange {entry.id}: {why}")
            continue
        again = entry.tid, entry.batch, entry.stan, without_repeat(entry.mti), entry.service
        if entry.code and entry.stan and again in seen and entry.service not in MANAGEMENT:
            result.reproduced += 1  # its stored answer
            continue
        seen.add(again)
        amount = "" if entry.amount_minor is None else value_text("amount", entry.amount_minor)
        alike.setdefault((entry.service, "", amount, entry.pan_masked), []).append(entry)
    rules: list[dict[str, Any]] = []
    faults: list[dict[str, Any]] = []
    for key, entries in _by_terminal(alike).items():
        _add(key, entries, dialect, rules, faults, result)
    for number, rule in enumerate(rules, 1):
        rule["name"] = f"{name} {number}: {rule['name']}"[:80]
    for number, fault in enumerate(faults, 1):
        fault["name"] = f"{name} {number}: {fault['name']}"[:80]
    rules = [rule for rule in rules if _usable(rule, dialect, result)]
    about = f"Recorded answers: {name}. {plural(len(rules), 'rule')}, {plural(len(faults), 'fault')}."
    sections = f"{toml_tables('rule', rules)}\n{toml_tables('fault', faults)}" if rules or faults else ""
    result.text = sections and f"{comments(result.left_out)}about = {toml_value(about)}\n\n{sections}"
    return result


def _why_not(entry: Entry, dialect: Dialect) -> str:
    """Return why no rule can be made of an exchange; "" where one can."""
    if not entry.service or entry.service not in SERVICES:
        return f"a {entry.mti or 'message'} that this host does not serve ({entry.why or entry.reason})"
    if entry.reason == "undecodable_reply":
        return "its reply cannot be decoded"
    if entry.code and entry.code not in dialect.codes:
        return f"its code {entry.code} is none of {dialect.name}"
    cards = [str(dialect.elements[name].de) for name in ("pan", "track2", "track3") if name in dialect.elements]
    if any(de in entry.request for de in cards) and not entry.pan_masked:
        return "its card is not known: the track is encrypted; name a trace or capture, and --terminals"
    return ""


def comments(left_out: Iterable[str]) -> str:
    """Return what a file does not reproduce as comments of it; what was received cannot begin a line of its own."""
    return "".join(f"# not reproduced: {printable(sentence)}\n" for sentence in left_out)


def _by_terminal(alike: dict[RequestKey, list[Entry]]) -> dict[RequestKey, list[Entry]]:
    """Return the same, with requests of several terminals apart where these were answered otherwise."""
    found: dict[RequestKey, list[Entry]] = {}
    for key, entries in alike.items():
        by_tid: dict[str, list[Entry]] = {}
        for entry in entries:
            by_tid.setdefault(entry.tid, []).append(entry)
        if len(by_tid) > 1 and len({tuple(one.code for one in some) for some in by_tid.values()}) > 1:
            found |= {(key[0], tid, *key[2:]): some for tid, some in by_tid.items()}
        else:
            found[key] = entries
    return found


def _add(
    key: RequestKey,
    entries: list[Entry],
    dialect: Dialect,
    rules: list[dict[str, Any]],
    faults: list[dict[str, Any]],
    result: RecordedText,
) -> None:
    """Add what makes our host answer requests that are alike."""
    service, tid, amount, pan = key
    when: dict[str, str] = {"service": service}
    when |= {name: value for name, value in (("tid", tid), ("amount", amount), ("pan", pan)) if value}
    about = " ".join(filter(None, (service, tid, amount, pan)))
    for place, entry in enumerate(entries, 1):
        if not entry.code:
            faults.append({"name": about, "kind": "silent", "when": {**when, "nth": str(place)}})
    result.reproduced += len(entries)
    codes = [entry.code or _assumed(dialect, service) for entry in entries]
    approved = [code in dialect.codes and dialect.codes[code].kind == ACCEPTED for code in codes]
    if service in MANAGEMENT and all(approved):
        return
    if not any(entry.code for entry in entries):
        return  # the fault alone
    while len(codes) > 1 and codes[-1] == codes[-2]:
        codes.pop()
    then: dict[str, Any] = {"code": codes[0]} if len(codes) == 1 else {"answers": codes}
    if values := _values(entries, dialect):
        then["set"] = values
    rules.append({"name": about, "when": when, "then": then})


def _assumed(dialect: Dialect, service: str) -> str:
    """Return the code that a request without an answer is decided with: it is withheld."""
    return dialect.code_of("approved", dialect.find_route(service))


def _values(entries: Iterable[Entry], dialect: Dialect) -> dict[str, str]:
    """Return fields that all replies to like requests have alike, and otherwise than the dialect says."""
    replies = [entry.reply for entry in entries if entry.reply is not None]
    found: dict[str, str] = {}
    for element in REPEATED_ELEMENTS:
        at = dialect.elements.get(element)
        if at is None or not at.whole:
            continue
        values = {reply.get(str(at.de)) for reply in replies}
        value = next(iter(values), None)
        if len(values) == 1 and value is not None and not is_hidden(value) and value != dialect.constants.get(element):
            found[f"de.{at.de}"] = value
    return found


def _usable(rule: dict[str, Any], dialect: Dialect, result: RecordedText) -> bool:
    """Return whether a host takes a rule; values that it cannot set are left out, and listed."""
    for _ in range(2):
        try:
            read_rules(parse_toml(toml_tables("rule", [rule]), "recording"), [dialect], set())
        except DataError as exc:
            if "set" in rule["then"]:
                result.left_out.append(f"rule {rule['name']!r}: its fields are not set: {exc.problem}")
                del rule["then"]["set"]
                continue
            result.left_out.append(f"rule {rule['name']!r}: {exc.problem}")
            return False
        return True
    return False
