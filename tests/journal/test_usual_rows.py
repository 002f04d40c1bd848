"""Rows that are made in one go equal those that are made thoroughly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.journal.render import collect, pack, pack_thoroughly
from acquirer.journal.shapes import AGAIN_AFTER, KEPT, RECORD_NAMES, USUAL_AFTER, ExchangeShape
from acquirer.journal.usual_rows import _MOST_NEW, _QuietTexts
from acquirer.testing.rig import Rig

PAN = "6212345678901232"
ODD = ("", " ", "\x1f", "\n", "\x00\x9c", "银联", PAN, f"1{PAN}", f"a {PAN[:8]} {PAN[8:]} b", "0" * 12)

RECORD = RECORD_NAMES[:-1]
RECORD_END = len(RECORD)  # of the facts: then come request, failure and reply


def facts_of(dialect):
    """Return the facts of a day of one terminal, and of one that is refused."""
    rig = Rig(dialect)
    terminal = rig.terminal()
    terminal.sign_on()
    terminal.sale("12.34")
    terminal.sale("7.00", entry="manual")
    terminal.echo()
    terminal.sign_off()
    terminal.sale("1.00")
    return rig.host.dialect, [collect(one) for one in rig.journal]


CASES = [
    (dialect, one)
    for name in ("unionpay-pos", "iso8583-1987-ascii")
    for dialect, facts in [facts_of(name)]
    for one in facts
]


def usual(dialect, facts):
    """Return the row made in one go; None when it is not usual."""
    request, _, reply = facts[RECORD_END:]
    answered = None if reply is None else tuple(reply)
    shape = ExchangeShape(
        (dialect, facts[RECORD.index("mti")], tuple(request), facts[RECORD.index("reply_mti")], answered)
    )
    for _ in range(USUAL_AFTER + 1):
        shape.usual(facts)
    return shape, shape.usual(facts)


@pytest.mark.parametrize(("dialect", "facts"), CASES)
def test_ordinary_exchanges_are_usual(dialect, facts):
    shape, row = usual(dialect, facts)
    assert row is not None
    assert row == pack_thoroughly(facts, dialect, shape)


@given(data=st.data())
def test_a_usual_row_equals_the_thorough_one(data):
    dialect, facts = data.draw(st.sampled_from(CASES))
    shape, _ = usual(dialect, facts)
    changed = list(facts)
    texts = [place for place in range(RECORD_END) if isinstance(facts[place], str) and "mti" not in RECORD[place]]
    for place in data.draw(st.lists(st.sampled_from(texts), max_size=2)):
        changed[place] = data.draw(st.sampled_from(ODD) | st.text(max_size=20))
    for side in (RECORD_END, RECORD_END + 2):
        fields = dict(facts[side] or {})
        for de in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=2)) if fields else ():
            values = st.text("0123456789 AD=^\x1f\xd2", max_size=24) | st.binary(max_size=12) | st.just(PAN)
            fields[de] = data.draw(values)
        changed[side] = fields if facts[side] is not None else None
    assert pack(tuple(changed), dialect) == pack_thoroughly(tuple(changed), dialect, shape)


def at_hand(dialect, facts, form):
    """Return the row that is made of values at hand, each in a variable of its own; None when it is not usual."""
    *record, request, _, reply = facts
    shape = ExchangeShape(
        (dialect, facts[RECORD.index("mti")], tuple(request), facts[RECORD.index("reply_mti")], tuple(reply))
    )
    names = dict(zip(RECORD, record, strict=True))
    names |= {f"request_{de}": value for de, value in request.items()}
    names |= {f"reply_{de}": value for de, value in reply.items()}
    values = {name.replace("_", ".") if name.startswith(("request_", "reply_")) else name: name for name in names}
    values |= {"reply_mti": "reply_mti"}
    exec("\n".join(shape.row_source(form, values, names)), names)
    return names["row"], pack_thoroughly(facts, dialect, shape)


@given(data=st.data())
def test_a_row_of_values_at_hand_equals_the_thorough_one(data):
    dialect, facts = data.draw(st.sampled_from([one for one in CASES if one[1][-1]]))
    _, (_, _, form, _) = usual(dialect, facts)
    changed = list(facts)
    texts = [place for place in range(RECORD_END) if isinstance(facts[place], str) and "mti" not in RECORD[place]]
    for place in data.draw(st.lists(st.sampled_from(texts), max_size=2)):
        changed[place] = data.draw(st.sampled_from(ODD) | st.text(max_size=20))
    for side in (RECORD_END, RECORD_END + 2):
        fields = dict(changed[side])
        for de in data.draw(st.lists(st.sampled_from([de for de in fields if type(fields[de]) is str]), max_size=2)):
            fields[de] = data.draw(st.text("0123456789 AD=^\x1f\xd2", max_size=24) | st.just(PAN))
        changed[side] = fields
    row, thorough = at_hand(dialect, tuple(changed), form)
    assert row in (None, thorough)


@pytest.mark.parametrize(("dialect", "facts"), [one for one in CASES if one[1][-1]])
def test_ordinary_exchanges_have_rows_of_values_at_hand(dialect, facts):
    _, (_, _, form, _) = usual(dialect, facts)
    row, thorough = at_hand(dialect, facts, form)
    assert row == thorough


def test_a_card_number_in_a_sentence_makes_no_row_of_values_at_hand():
    dialect, facts = CASES[0]
    _, (_, _, form, _) = usual(dialect, facts)
    place = RECORD.index("why")
    row, thorough = at_hand(dialect, (*facts[:place], f"card {PAN} is blocked", *facts[place + 1 :]), form)
    assert row is None
    assert PAN not in thorough[3]


def test_a_value_that_is_repeated_where_the_form_has_it_twice_makes_no_row_of_values_at_hand():
    dialect, facts = CASES[0]
    *record, request, _, reply = facts
    _, (_, _, form, _) = usual(dialect, (*record, request, (), {**reply, 11: "999999"}))
    row, thorough = at_hand(dialect, facts, form)
    assert row is None
    assert thorough[2] != form


def test_a_form_that_the_first_exchange_did_not_have_is_learnt_later():
    dialect, facts = CASES[0]
    *record, request, _, reply = facts
    other = (*record, request, (), {**reply, 11: "999999"})
    shape, row = usual(dialect, other)
    assert row is not None
    assert shape.usual(facts) is None
    for _ in range(AGAIN_AFTER + 2):
        shape.usual(facts)
    assert shape.usual(facts) == pack_thoroughly(facts, dialect, shape)


def test_outcomes_that_vary_fill_no_memory():
    dialect, facts = CASES[0]
    shape, _ = usual(dialect, facts)
    place = RECORD.index("code")
    for number in range(2 * KEPT):
        shape.usual((*facts[:place], f"{number}", *facts[place + 1 :]))
    assert len(shape._usual) <= KEPT


def test_texts_that_never_come_again_are_looked_at_each_time():
    quiet = _QuietTexts()
    for number in range(2 * _MOST_NEW):
        assert quiet(f"key {number}")
        assert not quiet(f"card {PAN}, {number}")
    assert quiet("key 0")
    assert not quiet(f"card {PAN}")


def test_texts_that_come_again_are_remembered_however_many_others_there_are():
    quiet = _QuietTexts()
    for number in range(3 * _MOST_NEW):
        assert quiet("approved")
        assert quiet(f"key {number}")
    assert quiet._new < _MOST_NEW
