"""What answers hold: the schemas of documents in OpenAPI, with every key, so that clients can be generated.

A document has the keys of its schema and no others in this version: what is added to one is added here, or tests fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from acquirer.control.schema_words import (
    BY_FIELD,
    JsonSchema,
    list_of,
    list_with_total,
    one_of,
    or_null,
    ref,
    table_of,
)
from acquirer.data.types import MakForm
from acquirer.host.issuer.cards import Status
from acquirer.model.batches import SettlementState
from acquirer.model.rows import PictureState, Required, TransactionState
from acquirer.scenario.fault_kind import Stage
from acquirer.scenario.rules.reading_then import ASKABLE, REASONS

_MOMENT: Final = "at at_local"

_EXCHANGE: Final[dict[str, Any]] = {
    "further": {"request": BY_FIELD, "reply": or_null(BY_FIELD)},
    "text": (
        "dialect peer mti service tid mid batch stan code reason why rrn pan_masked fault failure reply_mti rule "
        "operator compared delivery before_failure mark comment"
    ),
    "whole": "at_us frame_bytes took_us generation",
    "whole_or_null": "amount_minor",
    "texts": "notes",
    "flag": "replayed",
    "text_or_null": _MOMENT,
}

_KEY: Final = "mid tid batch stan"

_TRANSACTION: Final[dict[str, Any]] = {
    "further": {
        "state": one_of(*get_args(TransactionState)),
        "counted": one_of("debit", "credit", ""),
    },
    "text": (
        f"{_KEY} business_date kind code reason currency card entry_mode operator rrn auth_id "
        "original_batch original_stan"
    ),
    "money": "amount refunded",
    "whole": "at_us",
    "flag": "foreign",
    "text_or_null": _MOMENT,
}

_SIDES: Final = [f"{side}_{part}" for side in ("terminal", "host") for part in ("", "foreign_")]
_BATCH: Final[dict[str, Any]] = {
    "further": {"state": one_of("open", *get_args(SettlementState))},
    "text": "mid tid batch result",
    "whole": "settled_us",
    "text_or_null": "settled settled_local",
    "money_or_null": " ".join(f"{side}{name}" for side in _SIDES for name in ("debit", "credit")),
    "whole_or_null": " ".join(f"{side}{name}" for side in _SIDES for name in ("debits", "credits")),
}
_SETTLEMENT: Final[dict[str, Any]] = {
    **_BATCH,
    "text": f"{_BATCH['text']} why operator stan end",
    "whole": "settled_us closed_us",
    "whole_or_null": f"{_BATCH['whole_or_null']} uploaded",
    "text_or_null": f"{_BATCH['text_or_null']} closed closed_local",
}

_THEN: Final = table_of(
    {"set": BY_FIELD, "reason": one_of(*REASONS), "ask": one_of(*ASKABLE), "order": one_of("in turn", "random")},
    optional="code reason approve answers order hold set drop ask faults",
    text="code hold",
    texts="answers drop faults",
    flag="approve",
)

_NEAR: Final = table_of(text="name", flag="fits", texts="differs not_kept")

_MESSAGE: Final = table_of(
    {"spans": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}}},
    optional="spans",
    text="hex",
    whole="bytes",
    texts="left_out",
)

SCHEMAS: Final[Mapping[str, JsonSchema]] = {
    "Exchange": table_of(**{**_EXCHANGE, "whole": f"id {_EXCHANGE['whole']}"}),
    "DecidedExchange": table_of(**_EXCHANGE),
    "ExchangePage": table_of(
        {"items": list_of(ref("Exchange"))},
        optional="total total_note",
        text="note total_note",
        whole="newest total",
        whole_or_null="next",
        flag="more",
    ),
    "FoundExchanges": table_of(
        {
            "exchanges": list_of(ref("Exchange")),
            "nearest": list_of(table_of(whole="id", texts="differs")),
        },
        flag="met",
        whole="count",
        text="text",
    ),
    "ExchangeCount": table_of(whole="count", text="note"),
    "Why": table_of(
        {"rules": list_of(_NEAR)}, whole="id generation", text="code why rule fault reason failure", texts="notes"
    ),
    "Explanation": table_of(
        {
            "held": or_null(table_of(text="rule", whole="hold_ms")),
            "exchange": ref("DecidedExchange"),
            "transaction": or_null(ref("Transaction")),
            "rules": list_of(_NEAR),
        },
        flag="answered",
        text="code reason why rule fault",
        texts="notes sending",
        whole="generation",
    ),
    "ReplayedExchange": table_of({"exchange": or_null(ref("Exchange"))}, whole="of", text="peer"),
    "Remark": table_of(whole="id", text="mark comment"),
    "Terminal": table_of(
        {
            "mak": one_of(*get_args(MakForm)),
            "policy": table_of(
                {"required": one_of(*get_args(Required)), "repeat": one_of("replay", "decline")},
                whole="grace_s bad_macs_allowed",
                flag="batch_check unlisted_operators",
            ),
            "keys": table_of(optional="current previous", text="current previous"),
        },
        text=(
            "tid mid name tmk_kcv bdk_kcv certificate downloaded_tmk_kcv device_status batch operator serial last_stan"
        ),
        texts="operators downloads",
        whole="signed_on_us signed_on_count bad_macs",
        flag="test fixed_keys signed_off",
        text_or_null="signed_on signed_on_local",
    ),
    "TerminalPage": list_with_total("Terminal", text_or_null="next"),
    "Registered": table_of(whole="added changed unchanged keys_dropped", texts="warnings"),
    "RotatedKeys": table_of(text="kcvs"),
    "RotatedMasterKey": table_of(text="tid before_kcv kcv"),
    "Card": table_of(
        {"status": one_of(*get_args(Status))},
        text="name about pan expiry sequence service_code imk_kcv organisation day",
        flag="chip pin_required pin_checked",
        money_or_null="balance limit daily_limit left",
        money="spent day_spent",
        whole="day_count pin_tries",
        whole_or_null="daily_count",
    ),
    "CardPage": list_with_total("Card"),
    "Transaction": table_of(**_TRANSACTION),
    "TransactionPage": list_with_total("Transaction"),
    "Slip": table_of(**{**_TRANSACTION, "text": f"{_TRANSACTION['text']} url token"}),
    "SlipPage": list_with_total("Slip"),
    "SlipLink": table_of(text="url token"),
    "Signature": table_of(
        {
            "findings": list_of(table_of(text="flag why")),
            "slip": list_of(table_of(text="tag hex text")),
            "picture": one_of(*get_args(PictureState)),
        },
        text=f"{_KEY} rrn pan captured feature_code settlement_date dialect digest png",
        texts="flags",
        whole="number at_us parts bytes width height",
        whole_or_null="amount",
        flag="counts",
        text_or_null=_MOMENT,
    ),
    "SignaturePage": list_with_total("Signature"),
    "ImportedSignatures": table_of({"outcomes": list_of(one_of("added", "known", "taken"))}, whole="added known taken"),
    "Batch": table_of(**_BATCH),
    "BatchPage": list_with_total("Batch"),
    "Settlement": table_of(**_SETTLEMENT),
    "BatchReport": table_of(
        **{
            **_SETTLEMENT,
            "further": {
                **_SETTLEMENT["further"],
                "transactions": list_of(
                    table_of(
                        text=f"{_KEY} comparison kind state card why",
                        flag="foreign",
                        money_or_null="terminal_amount host_amount",
                    )
                ),
                "causes": list_of(table_of({"transactions": list_of(table_of(text=_KEY))}, text="cause why")),
            },
        }
    ),
    "Rule": table_of(
        {"then": _THEN},
        optional="when times after priority scenario state next seed enabled",
        text="name when scenario state next",
        whole="times after priority seed used",
        flag="enabled",
    ),
    "Rules": table_of({"rules": list_of(ref("Rule"))}, whole="generation"),
    "Fault": {
        **table_of(
            {"stage": one_of(*(stage.label for stage in Stage)), "probability": {"type": "number"}},
            optional="tid mid service code peer listener count seed amount probability skip when enabled",
            text="name kind tid mid service code peer listener amount when",
            whole="count seed skip applied",
            flag="enabled",
        ),
        "additionalProperties": {"type": ["string", "number", "boolean"]},
        "description": "Beside these keys, the parameters of its kind, as /faults/kinds describes them.",
    },
    "Faults": table_of({"faults": list_of(ref("Fault"))}, whole="generation"),
    "Changed": table_of(whole="generation", texts="names"),
    "Scenarios": table_of({"scenarios": BY_FIELD}, whole="generation"),
    "Held": table_of(
        {"held": list_of(table_of(text="id rule tid service stan", whole="hold_ms"))},
    ),
    "ResumedCount": table_of(whole="resumed"),
    "ResumedExchange": table_of(text="id tid stan rule"),
    "Version": {
        **table_of(
            {"listeners": list_of(table_of(text="address dialect", optional="tls", text_or_null="tls"))},
            text="version python timezone listen store",
            texts="dialects",
            whole="terminals",
        ),
        "additionalProperties": True,
        "description": "With all that the ready line says.",
    },
    "Messages": table_of({"request": or_null(_MESSAGE), "reply": or_null(_MESSAGE)}, flag="masked"),
    "FilterHelp": table_of(
        {
            "keys": list_of(table_of(text="key kind help")),
            "values": list_of(table_of(text="written means")),
        },
        text="fields",
        texts="between",
    ),
    "FaultKinds": table_of(
        {
            "kinds": list_of(
                table_of(
                    {
                        "parameters": list_of(
                            table_of(text="name written_as help", flag="required", text_or_null="default")
                        )
                    },
                    text="name stage summary description",
                )
            ),
            "conditions": BY_FIELD,
        }
    ),
    "Populated": table_of(
        dict.fromkeys(("rules", "faults", "cards", "terminals"), table_of(whole="added changed unchanged")),
        whole="generation",
        texts="warnings",
    ),
    "Reset": table_of(whole="generation", texts="reset"),
    "Clock": table_of(whole="now_us ahead_ms", text_or_null="now now_local", flag="virtual"),
    "Problem": {
        **table_of(
            {"errors": list_of(table_of(text="pointer detail"))},
            optional="errors",
            text="type title detail",
            whole="status",
        ),
        "additionalProperties": True,
        "description": "RFC 9457; of some kinds with further members.",
    },
}
"""By their names in OpenAPI."""
