"""Entries of the journal as conditions look at them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from acquirer.journal.entry import COLUMNS, Entry
from acquirer.journal.subject import JournalSubject
from acquirer.matcher.expression import compiled
from acquirer.matcher.filter_text import parse_filter
from acquirer.matcher.keys import JOURNAL_KEYS
from acquirer.matcher.near import near_misses
from acquirer.settings.specs import load_dialect

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENTRY = Entry(
    at_us=1_741_579_200_000_000,  # noon in Shanghai
    peer="127.0.0.1:5000",
    mti="0200",
    service="sale",
    tid="10000161",
    mid="880210010210162",
    batch="000001",
    stan="000003",
    rrn="000000000007",
    code="51",
    reason="chosen",
    fault="late",
    why="rule 'poor' answers 51; 1 used",
    amount_minor=1234,
    pan_masked="621234******1232",
    rule="poor",
    generation=2,
    operator="02",
    compared="same",
    id=12,
    dialect="unionpay-pos",
    request={"22": "012", "60": "22000001000"},
    delivery="sent",
    mark="flaky",
    comment="seen again",
)


def fits(text, entry=ENTRY, dialect=None):
    return compiled(parse_filter(text, JOURNAL_KEYS))(JournalSubject(entry, SHANGHAI, dialect))


@pytest.mark.parametrize(
    "text",
    [
        "service=sale & mti=0200 & tid=1000* & mid=880210010210162 & batch=000001 & stan=000003",
        "code=51 & reason=chosen & rule=poor & fault=late & generation=2 & operator=02 & id=12 & delivery=sent",
        "amount=12.34 & amount>12 & pan=6212345678901232 & dialect=unionpay* & peer=127.*",
        "since=12:00 & until=12:01 & since=2025-03-10 & until=2025-03-11",
        'de.22=012 & de.60=22* & de.55="" & !replayed & rrn & why~poor',
    ],
)
def test_an_entry_is_found_by_what_it_holds(text):
    assert fits(text)
    assert not fits(f"!({text})")


def test_a_part_of_a_field_needs_the_dialect():
    dialect = load_dialect("unionpay-pos")
    assert fits("de.60.1=22 & de.60.2=000001 & de.60.3=000", dialect=dialect)
    assert fits('de.60.1="" & de.60.2=""')
    assert fits('de.60.9="" & de.22.1=01 & de.41.1=""', dialect=dialect)


def test_what_an_entry_lacks_is_absent():
    assert fits('amount="" & code="" & de.22="" & rule=""', Entry(at_us=0))


def test_every_key_of_the_journal_reads_a_column():
    """A key that no entry has would never fit, and no one would notice."""
    whole = JournalSubject(ENTRY, SHANGHAI)
    missing = [key for key in JOURNAL_KEYS if key not in ("since", "until", "replayed") and whole.value(key) == ""]
    assert missing == []
    assert {"rule", "generation"} <= set(COLUMNS)


def test_a_near_miss_is_named_by_number_type_and_service():
    (miss,) = near_misses(parse_filter("service=sale & stan=000004", JOURNAL_KEYS), [JournalSubject(ENTRY, SHANGHAI)])
    assert str(miss) == "nearest: #12 0200 sale  stan: wanted 000004, was 000003 ≠   everything else fits"
