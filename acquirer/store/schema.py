"""The tables, as SQLAlchemy Core describes them; one schema for memory and file.

Every column a hot statement touches is a plain integer, text or blob: statements run on the driver's own cursor,
where SQLAlchemy's types do not convert. The order of columns is the order of the tuples in `tuples` and of
`journal.render.COLUMNS`. The journal has no second index: each one would cost a fifth of the commit rate, and walking
back from its newest row finds what a person looks for.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text

from acquirer.journal.render import COLUMNS, NUMBERS

REVISION = "0003"
"""The migration that makes exactly these tables."""

metadata = MetaData()


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _integer(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _blob(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=True)


def _generation(which: str) -> tuple[Column[int] | Column[str] | Column[bytes], ...]:
    """One set of working keys; number 0 stands for none."""
    return (
        _integer(f"{which}_number"),
        _text(f"{which}_package"),
        _blob(f"{which}_sealed"),
        _text(f"{which}_kcvs"),
        _integer(f"{which}_since_us"),
    )


meta = Table("meta", metadata, _text("name", key=True), _text("value"), sqlite_with_rowid=False)

terminal = Table(
    "terminal",
    metadata,
    _text("tid", key=True),
    _text("mid"),
    _text("name"),
    _blob("tmk"),
    _text("tmk_kcv"),
    _text("mak"),
    _text("required"),
    _integer("grace_s"),
    _text("repeat"),
    _integer("batch_check"),
    _integer("bad_macs_allowed"),
    _integer("test"),
    _blob("fixed_keys"),
    _blob("bdk"),
    Column("bdk_kcv", Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)

session = Table(
    "session",
    metadata,
    _text("tid", key=True),
    _integer("version"),
    _text("batch"),
    _integer("signed_on_us"),
    _text("signed_on_day"),
    _integer("signed_on_count"),
    _integer("signed_off"),
    _integer("sign_on_spent"),
    _text("operator"),
    _text("serial"),
    *_generation("current"),
    *_generation("previous"),
    _integer("previous_until_us"),
    _integer("bad_macs"),
    _text("last_stan"),
    sqlite_with_rowid=False,
)

transaction = Table(
    "transactions",  # "transaction" is a word of SQL
    metadata,
    _text("mid", key=True),
    _text("tid", key=True),
    _text("batch", key=True),
    _text("stan", key=True),
    _integer("version"),
    _text("kind"),
    _text("state"),
    _text("processing_code"),
    _text("transaction_type"),
    _integer("amount_minor"),
    _text("currency"),
    _text("pan_masked"),
    _text("card"),
    _text("entry_mode"),
    _text("operator"),
    _text("reason"),
    _text("code"),
    _text("rrn"),
    _text("auth_id"),
    _text("made"),
    _integer("generation"),
    _integer("at_us"),
    _text("business_date"),
    _integer("reversed_us"),
    _text("reversal_reason"),
    _text("reversal_made"),
    Index("transactions_by_age", "at_us"),  # ascending as they come, so it costs next to nothing
    sqlite_with_rowid=False,
)

card = Table(
    "card",
    metadata,
    _text("token", key=True),
    _integer("version"),
    _text("pan_masked"),
    _integer("spent_minor"),
    _text("day"),
    _integer("day_spent_minor"),
    _integer("day_count"),
    _integer("pin_tries"),
    sqlite_with_rowid=False,
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, Integer if name in NUMBERS else Text, nullable=name == "amount_minor") for name in COLUMNS),
)

delivery = Table("delivery", metadata, Column("exchange_id", Integer, primary_key=True), _text("outcome"))

blob = Table("blob", metadata, _text("digest", key=True), _blob("data"))
"""Images of signatures, as they came and as PNG, by their SHA-256: what two signatures share is kept once."""

signature = Table(
    "signature",
    metadata,
    _text("mid", key=True),
    _text("tid", key=True),
    _text("batch", key=True),
    _text("stan", key=True),
    Column("number", Integer, primary_key=True, nullable=False),
    _text("digest"),
    _integer("stream_bytes"),
    _integer("parts"),
    _integer("at_us"),
    _text("dialect"),
    Column("amount_minor", Integer, nullable=True),
    _text("pan_masked"),
    _text("rrn"),
    _text("settlement_date"),
    _text("feature_code"),
    _text("captured"),
    _text("slip"),
    _text("flags"),
    _text("picture"),
    _integer("width"),
    _integer("height"),
    _text("png"),
    Index("signature_by_picture", "picture", "at_us"),  # finds those that wait for theirs
    sqlite_with_rowid=False,
)

signature_part = Table(
    "signature_part",
    metadata,
    _text("mid", key=True),
    _text("tid", key=True),
    _text("batch", key=True),
    _text("stan", key=True),
    Column("part", Integer, primary_key=True, nullable=False),
    _integer("last"),
    _blob("stream"),
    _integer("at_us"),
    _text("slip"),
    sqlite_with_rowid=False,
)

reprint = Table(
    "reprint",
    metadata,
    _text("mid", key=True),
    _text("tid", key=True),
    _text("batch", key=True),
    _text("stan", key=True),
    _integer("copies"),
    sqlite_with_rowid=False,
)
"""How often a receipt was printed again: written by whoever prints, beside a serving host, which never reads it."""
