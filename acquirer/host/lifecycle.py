"""What may happen to a stored transaction: a table of states and messages.

The services read their course from it, the stateful test plays by it, and the tables in README and docs are printed
from it. Rows are what the books say of the transaction that a message names (`none`: nothing), columns are messages:

* *same*: the same request again; *other*: another request under the same number;
* *reversal*, *signature*, and what one transaction does to another (`kinds.FollowUp`): messages that name it.

Which kinds may be voided, refunded, completed, adjusted or topped up at all is a column of `kinds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal

from acquirer.host.kinds import FollowUp
from acquirer.model.rows import Transaction

LifecycleState = Literal[
    "none", "approved", "declined", "reversed", "voided", "refunded", "completed", "adjusted", "tombstone"
]
TransactionEvent = Literal["same", "other", "reversal", FollowUp, "signature"]

STATES: Final[tuple[LifecycleState, ...]] = (
    "none",
    "approved",
    "declined",
    "reversed",
    "voided",
    "refunded",
    "completed",
    "adjusted",
    "tombstone",
)
FOLLOW_UPS: Final[tuple[FollowUp, ...]] = ("void", "refund", "completion", "adjustment", "top_up")
EVENTS: Final[tuple[TransactionEvent, ...]] = ("same", "other", "reversal", *FOLLOW_UPS, "signature")


class Action(Enum):
    """What the host does; the value says it in README's table."""

    DECIDE = "decided"
    REPLAY = "the stored answer"
    DUPLICATE = "94"
    LATE = "94, not booked"
    UNDO = "00, undone"
    NOTHING_TO_UNDO = "00, nothing to undo"
    REPEAT_UNDO = "00, as before"
    REMEMBER = "25, remembered"
    REPEAT_UNKNOWN = "25, as before"
    UNKNOWN = "25"
    CLOSED = "25, stays"
    TAKE_BACK = "00, voided"
    GIVE_BACK = "00, refunded up to its amount"
    COMPLETE = "00, completed"
    REPLACE = "00, replaced"
    RAISE = "00, raised"
    KEEP = "00, kept"
    KEEP_FLAGGED = "00, kept and flagged"


def _followed(
    action: Action,
    *,
    void: Action | None = None,
    refund: Action | None = None,
    completion: Action | None = None,
    adjustment: Action | None = None,
    top_up: Action | None = None,
) -> dict[TransactionEvent, Action]:
    """Return what is done about each follow-up: `action`, but for those that are given."""
    found = (void, refund, completion, adjustment, top_up)
    return {event: given or action for event, given in zip(FOLLOW_UPS, found, strict=True)}


TABLE: Final[Mapping[LifecycleState, Mapping[TransactionEvent, Action]]] = {
    "none": {
        "same": Action.DECIDE,
        "other": Action.DECIDE,
        "reversal": Action.REMEMBER,
        **_followed(Action.UNKNOWN),
        "signature": Action.UNKNOWN,
    },
    "approved": {
        "same": Action.REPLAY,
        "other": Action.DUPLICATE,
        "reversal": Action.UNDO,
        **_followed(
            Action.CLOSED,
            void=Action.TAKE_BACK,
            refund=Action.GIVE_BACK,
            completion=Action.COMPLETE,
            adjustment=Action.REPLACE,
            top_up=Action.RAISE,
        ),
        "signature": Action.KEEP,
    },
    "declined": {
        "same": Action.REPLAY,
        "other": Action.DUPLICATE,
        "reversal": Action.NOTHING_TO_UNDO,
        **_followed(Action.CLOSED),
        "signature": Action.UNKNOWN,
    },
    "reversed": {
        "same": Action.LATE,
        "other": Action.LATE,
        "reversal": Action.REPEAT_UNDO,
        **_followed(Action.CLOSED),
        "signature": Action.KEEP_FLAGGED,
    },
    "voided": {
        "same": Action.LATE,
        "other": Action.DUPLICATE,
        "reversal": Action.CLOSED,
        **_followed(Action.CLOSED),
        "signature": Action.KEEP_FLAGGED,
    },
    "refunded": {
        "same": Action.REPLAY,
        "other": Action.DUPLICATE,
        "reversal": Action.CLOSED,
        **_followed(Action.CLOSED, refund=Action.GIVE_BACK),
        "signature": Action.KEEP,
    },
    "completed": {
        "same": Action.REPLAY,
        "other": Action.DUPLICATE,
        "reversal": Action.CLOSED,
        **_followed(Action.CLOSED),
        "signature": Action.KEEP,
    },
    "adjusted": {
        "same": Action.REPLAY,
        "other": Action.DUPLICATE,
        "reversal": Action.CLOSED,
        **_followed(Action.CLOSED),
        "signature": Action.KEEP,
    },
    "tombstone": {
        "same": Action.LATE,
        "other": Action.LATE,
        "reversal": Action.REPEAT_UNKNOWN,
        **_followed(Action.UNKNOWN),
        "signature": Action.UNKNOWN,
    },
}


def action(stored: Transaction | None, event: TransactionEvent) -> Action:
    """Return what is done about a message, by what the books say of the transaction that it names.

    A reversal of a declined transaction that came before is answered as it was then.
    """
    if stored is None:
        return TABLE["none"][event]
    found = TABLE[stored.state][event]
    if found is Action.NOTHING_TO_UNDO and stored.reversal_elements:
        return Action.REPEAT_UNDO
    return found


def as_markdown() -> str:
    """Return the table as README and docs show it."""
    names = {
        "same": "the same request",
        "other": "another request",
        "adjustment": "an adjustment",
        "top_up": "a top-up",
    }
    lines = [
        "| the books say | " + " | ".join(names.get(event, f"a {event}") for event in EVENTS) + " |",
        "|---" * (len(EVENTS) + 1) + "|",
    ]
    for state in STATES:
        lines.append(f"| {state} | " + " | ".join(TABLE[state][event].value for event in EVENTS) + " |")
    return "\n".join(lines)
