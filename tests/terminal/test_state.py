"""What is kept comes back as it was, and nothing secret can be read from it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.dukpt import DUKPT
from acquirer.security.dukpt_device import DukptDevice
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.signature.pen import draw_signature as write
from acquirer.slip.receipt import Receipt
from acquirer.terminal.card import card
from acquirer.terminal.kept_transactions import KeptAdvice, Original, Pending, Sold
from acquirer.terminal.operators import TerminalOperator, make_operator
from acquirer.terminal.sale import sale
from acquirer.terminal.signature_pad import Pad
from acquirer.terminal.state import KEPT_SALES, State, StateError, dump, load
from acquirer.terminal.voucher import Voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from acquirer.terminal.effects import Response
    from acquirer.terminal.sale import Order
    from tests.terminal.conftest import Bench, Foreign

VAULT = Vault(bytes(32))
TEXT = st.text(max_size=20)
ORIGINAL = st.builds(Original, stan=TEXT, within=TEXT, mti=TEXT, rrn=TEXT, auth_id=TEXT, date=TEXT)
PENDING = st.builds(
    Pending,
    fields=st.dictionaries(st.integers(2, 64), st.text(max_size=30) | st.binary(max_size=40)),
    stan=TEXT,
    batch=TEXT,
    amount_minor=st.integers(0, 10**12 - 1),
    card=TEXT,
    reason=TEXT,
    tries=st.integers(0, 9),
    by_hand=st.booleans(),
    service=TEXT,
    mti=TEXT,
    original=st.none() | ORIGINAL,
)
ADVICE = st.builds(
    KeptAdvice,
    fields=st.dictionaries(st.integers(2, 64), st.text(max_size=30) | st.binary(max_size=40)),
    amount_minor=st.integers(0, 10**12 - 1),
    original=st.none() | ORIGINAL,
    tries=st.integers(0, 9),
)
SOLD = st.builds(Sold, original=ORIGINAL, amount_minor=st.integers(0, 10**12 - 1), pan=TEXT, expiry=TEXT)
RECEIPT = st.builds(Receipt, chip=st.lists(st.tuples(TEXT, TEXT)).map(tuple), remarks=st.lists(TEXT).map(tuple))
VOUCHER = st.builds(
    Voucher,
    receipt=RECEIPT,
    values=st.dictionaries(TEXT, st.text(max_size=30) | st.binary(max_size=40)),
    image=st.binary(max_size=60),
)
STATE = st.builds(
    State,
    keys=st.none(),
    pending=st.none() | PENDING,
    last=st.none() | PENDING,
    unanswered=st.none() | ADVICE,
    queue=st.lists(ADVICE, max_size=3).map(tuple),
    sales=st.lists(SOLD, max_size=3).map(tuple),
    voucher=st.none() | VOUCHER,
    waiting=st.lists(VOUCHER, max_size=3).map(tuple),
    operators=st.lists(st.builds(TerminalOperator, failures=st.integers(0, 9)), max_size=3).map(tuple),
)


def randbytes(size: int) -> bytes:
    return bytes(range(size))


@pytest.mark.slow
@given(STATE)
def test_comes_back_as_it_was(state: State) -> None:
    assert load(dump(state, VAULT, randbytes), VAULT) == state


def test_neither_passwords_nor_their_hashes_can_be_read() -> None:
    operator = make_operator("01", "1111", randbytes)
    text = dump(State("10000161", "m", "", operators=(operator,), operator="01"), VAULT, randbytes)
    assert operator.digest.hex() not in text
    assert "1111" not in text
    assert "1111" not in repr(operator)
    assert operator.digest.hex() not in repr(operator)


@pytest.mark.parametrize("name", DUKPT)
def test_the_keys_of_messages_to_come_come_back(name: str) -> None:
    dukpt = DUKPT[name]
    initial = Secret(bytes(range(16)), dukpt.cipher)
    device = DukptDevice.loaded(dukpt, initial, bytes(dukpt.ksn_bytes)).use().after
    state = State("10000161", "m", "", device=device, bdk_kcv="12345678")
    text = dump(state, VAULT, randbytes)
    assert load(text, VAULT) == state
    assert all(key is None or key.reveal().hex() not in text for key in device.registers)


def test_a_state_written_before_keys_were_derived_is_read() -> None:
    document = json.loads(dump(State("10000161", "m", ""), VAULT, randbytes))
    for name in ("dukpt", "device", "bdk_kcv"):
        del document[name]
    assert load(json.dumps(document), VAULT) == State("10000161", "m", "")


def test_a_state_written_before_there_were_voids_is_read() -> None:
    """Its reversal is that of a sale, and it keeps no sales."""
    pending = Pending({11: "000012", 55: b"x"}, "000012", "000007", 1234, "621234******1232", "98", tries=1)
    state = State("10000161", "m", "", pending=pending, last=pending)
    document = json.loads(dump(state, VAULT, randbytes))
    for name in ("pending", "last"):
        context = f"terminal-{name}:10000161"
        packed = json.loads(VAULT.open(context, bytes.fromhex(document[name])))
        for later in ("service", "mti", "original"):
            del packed[later]
        document[name] = VAULT.seal(context, json.dumps(packed).encode(), randbytes).hex()
    for later in ("sales", "unanswered"):
        del document[later]
    kept = load(json.dumps(document), VAULT)
    assert kept == state
    assert (kept.pending.service, kept.pending.original) == ("sale", None)


def test_keeps_as_many_sales_as_it_says() -> None:
    state = State("10000161", "m", "")
    for number in range(KEPT_SALES + 3):
        state = replace(state, sales=state.with_sale(Sold(Original(f"{number:06d}", "000001"), number, "1", "")))
    assert (len(state.sales), state.sales[0].amount_minor) == (KEPT_SALES, 3)


def test_a_sale_is_found_by_its_numbers() -> None:
    sales = tuple(Sold(Original(stan, within), 1, "1", "") for within in ("01", "02") for stan in ("000001", "000002"))
    state = State("10000161", "m", "", sales=sales)
    assert state.sale() is sales[3]
    assert state.sale("000001") is sales[2]
    assert state.sale("000001", "01") is sales[0]
    assert state.sale(within="01") is sales[1]
    assert state.sale("000003") is None
    voided = replace(state, sales=state.with_voided(sales[3].original, voided=True))
    assert (voided.sale(), voided.sale("000002").voided) == (sales[2], True)


def test_keys_come_back(signed_on: Bench) -> None:
    assert load(dump(signed_on.state, VAULT, randbytes), VAULT).keys == signed_on.state.keys


def test_shows_counters_and_check_values_and_no_secret(
    signed_on: Bench, host: Foreign, make_order: Callable[..., Order], silence: Response
) -> None:
    held = card("6212345678901232", "3012", pin="123456")
    signed_on.run(sale(signed_on.machine, make_order(held=held)), host.reply())
    signed_on.run(sale(signed_on.machine, make_order(held=held)), silence, silence)
    text = dump(signed_on.state, VAULT, randbytes)
    assert json.loads(text)["kcvs"] == "PIK 900ECCE3, MAK CFF1592A"
    assert json.loads(text)["stan"] == "000013"
    pan, pin_block = "6212345678901232", signed_on.requests[0].fields[52]
    assert isinstance(pin_block, bytes)
    for secret in (pan, pan.encode().hex(), pin_block.hex(), "d931648f3de313a4", "ab7c577cc7a18045"):
        assert secret not in text.lower()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-10],
        lambda text: "[]",
        lambda text: text.replace('"tid"', '"dit"'),
        lambda text: text.replace('"format": 2', '"format": 1'),
        lambda text: text.replace('"tid": "10000161"', '"tid": "10000162"'),
        lambda text: text.replace('"keys": "01', '"keys": "02'),
    ],
)
def test_damage_is_noticed(signed_on: Bench, damage: Callable[[str], str]) -> None:
    with pytest.raises(StateError):
        load(damage(dump(signed_on.state, VAULT, randbytes)), VAULT)


def test_a_signature_is_sealed_and_damage_to_it_stays_its_own(
    signed_on: Bench, host: Foreign, make_order: Callable[..., Order]
) -> None:
    for name in ("Li Wei", "Wang Wu"):
        drawn = Pad(write(name, 3))
        signed_on.run(sale(signed_on.machine, make_order(pad=drawn)), host.reply(), *[host.short("96")] * (name > "M"))
    text = dump(signed_on.state, VAULT, randbytes)
    first, second = signed_on.state.waiting
    for secret in ("6212345678901232", first.image.hex(), second.values["slip"].hex()):
        assert secret not in text
    document = json.loads(text)
    document["waiting"][0]["sealed"] = document["waiting"][1]["sealed"]
    damaged, sound = load(json.dumps(document), VAULT).waiting
    assert (damaged.damaged, damaged.receipt) == (True, first.receipt)
    assert sound == second


def test_another_key_file_opens_nothing(signed_on: Bench) -> None:
    with pytest.raises(StateError, match="key file is another one"):
        load(dump(signed_on.state, VAULT, randbytes), Vault(bytes(31) + b"\1"))


def test_forgets_the_keys_of_another_terminal(signed_on: Bench, make_bench: type[Bench]) -> None:
    other = make_bench(replace(signed_on.state, tid="99999999"))
    assert other.state.stan == "000000"
