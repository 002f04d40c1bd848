"""The door: a text column is masked unless its type says what it holds, and these are all that do."""

from __future__ import annotations

import doctest
from dataclasses import fields
from typing import Annotated, Any, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.model import text
from acquirer.model.batches import Settlement, UploadedDetail
from acquirer.model.columns import row_format
from acquirer.model.evidence import ExchangeRecord
from acquirer.model.rows import (
    Card,
    Flag,
    Session,
    Signature,
    SignaturePart,
    SlipElement,
    TerminalConfig,
    Transaction,
    TransactionKey,
)
from acquirer.model.text import Identifier, text_masks
from acquirer.wire.masking import known, known_particulars, mask_card_numbers

PAN = "6212345678901232"
KEY = TransactionKey("880210010210162", "10000161", "000001", "000002")
STORED = (
    *(TerminalConfig, Session, Transaction, Card, SlipElement, Flag, Signature, SignaturePart, Settlement),
    *(UploadedDetail, ExchangeRecord),
)
IDENTIFIERS = {
    "TerminalConfig": "tid mid tmk_kcv bdk_kcv certificate",
    "Session": "tid batch signed_on_day last_stan settled tmk_kcv next_tmk_kcv",
    "Transaction": "kind processing_code transaction_type currency card reason code rrn auth_id business_date mti "
    "original_rrn",
    "Card": "token day",
    "SlipElement": "tag",
    "Flag": "",
    "Signature": "digest rrn png",
    "SignaturePart": "",
    "Settlement": "mid tid batch stan business_date end",
    "UploadedDetail": "card transaction_type",
    "ExchangeRecord": "peer mti service tid mid batch stan rrn code reason reply_mti compared",
}


def test_the_examples_in_the_code_are_true() -> None:
    assert doctest.testmod(text).failed == 0


@pytest.mark.parametrize("cls", STORED)
def test_what_is_not_masked_is_named_here(cls: type[Any]) -> None:
    """An identifier that is added is said twice; any other text that is added is masked."""
    hints = get_type_hints(cls, include_extras=True)
    texts = [name for name, hint in hints.items() if hint is str or get_origin(hint) is Annotated or name == "reason"]
    assert " ".join([name for name in texts if name not in text_masks(cls)]) == IDENTIFIERS[cls.__name__]


@pytest.mark.parametrize(("cls", "stored"), [(Session, Session("10000161")), (Transaction, Transaction(KEY))])
def test_every_text_of_a_row_is_masked_or_an_identifier(cls: type[Any], stored: Any) -> None:
    """Also one that is added: nothing but its type decides."""
    hints = get_type_hints(cls, include_extras=True)
    texts = [one.name for one in fields(cls) if hints[one.name] is str]
    for name in texts:
        setattr(stored, name, f"note {PAN}")
    written = "\n".join([value for value in row_format(cls).pack(stored) if isinstance(value, str)])
    assert PAN not in written
    assert written.count("note 621234******1232") == len(texts) > 1


def test_an_identifier_is_written_as_it_is() -> None:
    stored = Transaction(KEY, rrn="621234567892", original_rrn="621234567892", card="6212345678901232" * 4)
    row = dict(
        zip(
            [column.name for column in row_format(Transaction).columns],
            row_format(Transaction).pack(stored),
            strict=True,
        )
    )
    assert (row["rrn"], row["original_rrn"], row["card"]) == ("621234567892", "621234567892", PAN * 4)
    assert (row["mid"], row["stan"]) == (KEY.mid, KEY.stan)
    assert get_type_hints(Transaction, include_extras=True)["rrn"] == Identifier


def packed_signature(**changes: Any) -> str:
    return "\n".join(map(str, row_format(Signature).pack(Signature(KEY, 1, "d" * 64, 0, **changes))))


@pytest.mark.parametrize(
    ("hexadecimal", "shown"),
    [
        (PAN, "SECRET"),  # packed
        ("10" + PAN, "SECRET"),  # behind its length
        (PAN.encode().hex(), PAN),
        (b"6212 3456 7890 1232".hex(), "6212 3456 7890 1232"),
        ("６２１２３４５６７８９０１２３２".encode("gbk").hex(), "６２１２３４５６７８９０１２３２"),
    ],
)
def test_elements_of_slips_never_hold_a_card_number(hexadecimal: str, shown: str) -> None:
    """The door stands behind the host and the import of signatures alike."""
    written = packed_signature(slip=(SlipElement("FF2B", hexadecimal.upper(), shown),))
    assert hexadecimal.upper() not in written
    assert PAN not in written.replace(" ", "")
    assert "６２１２３４５６７８９０１２３２" not in written


def test_elements_that_identify_are_kept() -> None:
    slip = (SlipElement("FF06", "20250310120005", "20250310120005"), SlipElement("FF22", "A0000003330101", "x"))
    written = packed_signature(slip=slip)
    assert '"20250310120005","20250310120005"' in written
    assert "A0000003330101" in written


def test_hex_that_is_none_is_not_kept() -> None:
    assert PAN not in packed_signature(slip=(SlipElement("FF2B", f"x{PAN}", ""),))


def test_a_flag_keeps_what_its_sentence_knows() -> None:
    why = f"MAC {known('6212345678901232')}, KSN {known_particulars('FFFF6212345678901232')}, card {PAN}"
    written = packed_signature(flags=(Flag("odd", why),))
    assert "MAC 6212345678901232, KSN FFFF621234******1232, card 621234******1232" in written


@given(
    st.one_of(st.text(), st.text("0123456789*", min_size=10, max_size=21), st.from_regex("[0-9]{6}[*]{2,9}[0-9]{4}"))
)
def test_a_number_that_was_masked_before_is_masked_as_any_text_is(number: str) -> None:
    assert text.mask_number(number) == mask_card_numbers(number)
