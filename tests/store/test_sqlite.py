"""Conversations with a store: load, decide, commit, load again."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from acquirer.model.effects import Changes, Commit, CommitOutcome, Load, LoadCard, LoadOriginal, LoadSignatures
from acquirer.model.rows import Card, Generation, Transaction, TransactionKey
from acquirer.security.secret import Secret
from acquirer.security.vault import Vault
from acquirer.store import ExchangeFilter, StoreError, open_reader, open_store
from acquirer.store.highest_stan import HIGHEST_OF_BATCH
from acquirer.store.schema import CARD, TRANSACTION
from acquirer.store.statements import CARDS
from acquirer.store.transaction_rows import TransactionRows
from tests.journal.entries import entry_of
from tests.store.conftest import evidence

KEY = TransactionKey("880210010210162", "10000161", "000001", "000003")
GENERATION = Generation(1, "003", b"\x00sealed\xff", "PIK 900ECCE3", 1_700_000_000_000_000)


def sale(key: TransactionKey = KEY, **more: object) -> Transaction:
    return Transaction(key, reply_elements={"39": "00", "44": "银联"}, used_us=1_700_000_000_000_000, **more)  # type: ignore[arg-type]


def test_a_terminal_that_is_not_registered(client):
    loaded = client.store.load(Load("99999999", KEY))
    assert (loaded.terminal, loaded.session, loaded.transaction) == (None, None, None)


def test_a_registered_terminal_starts_with_a_fresh_session(client):
    loaded = client.store.load(Load("10000161", KEY))
    assert loaded.terminal.mid == "880210010210162"
    assert Vault(client.store.master_key).open_secret("tmk:10000161", loaded.terminal.tmk).kcv() == "D0E06F38"
    assert (loaded.session.version, loaded.session.batch, loaded.transaction) == (0, "000001", None)


def test_what_was_committed_is_loaded_one_version_on(client, exchange):
    session = replace(client.session(), batch="000007", current=GENERATION, signed_off=True)
    card = Card("c" * 32, spent_minor=12, day="20260101")
    assert client.commit(Changes(exchange(), session, sale(amount_minor=100), card=card)) == [CommitOutcome.DONE]
    assert client.session() == replace(session, version=1)
    assert client.transaction(KEY) == sale(amount_minor=100, version=1)
    assert client.card(card.token) == replace(card, version=1)


def test_it_is_the_same_after_a_restart(opened, exchange):
    client = opened()
    session = replace(client.session(), current=GENERATION, previous=replace(GENERATION, number=2))
    client.commit(Changes(exchange(), session, sale()))
    client.store.close()
    again = opened()
    assert again.session() == replace(session, version=1)
    assert again.transaction(KEY) == sale(version=1)
    assert again.store.master_key == client.store.master_key


@pytest.mark.parametrize("row", ["session", "transaction", "card"])
def test_a_decision_on_an_old_version_conflicts_and_leaves_nothing(client, exchange, row):
    first = {"session": client.session(), "transaction": sale(), "card": Card("c" * 32)}
    fresh = {
        "session": client.session("10000162"),
        "transaction": sale(KEY._replace(tid="10000162")),
        "card": Card("d" * 32),
    }
    old = replace(first[row])  # what is committed is the store's own, and goes on with it
    assert client.commit(Changes(exchange(), **first)) == [CommitOutcome.DONE]
    assert client.commit(Changes(exchange(), **(fresh | {row: old}))) == [CommitOutcome.CONFLICT]
    assert client.session("10000162").version == 0
    assert client.transaction(fresh["transaction"].key) is None
    assert client.card("d" * 32) is None
    with client.store.reader() as reader:
        assert len(reader.exchanges()) == 1


def test_after_a_conflict_a_new_decision_goes_through(client, exchange):
    old = client.session()
    client.sign_on()
    assert client.commit(Changes(exchange(), replace(old, operator="99 "))) == [CommitOutcome.CONFLICT]
    assert client.sign_on(operator="99 ") is CommitOutcome.DONE
    assert client.session().operator == "99 "


def test_a_row_that_another_program_changed_is_read_again(opened, url, exchange):
    client = opened()
    client.sign_on()
    client.store._writing.execute("UPDATE session SET version = 9, operator = 'X'")
    assert client.sign_on() is CommitOutcome.CONFLICT  # what was kept in memory was old
    assert (client.session().version, client.session().operator) == (9, "X")
    assert client.sign_on() is CommitOutcome.DONE


def test_there_is_no_query_for_a_number_above_all_of_its_batch(client, exchange):
    statements: list[str] = []
    row = client.store._row

    def noting(statement, *values):
        statements.append(statement)
        return row(statement, *values)

    client.store._row = noting
    client.session()
    for number in ("000003", "000007", "000005"):
        client.commit(Changes(exchange(), transaction=sale(KEY._replace(stan=number))))
    statements.clear()
    assert client.transaction(KEY._replace(stan="000008")) is None
    assert statements == [HIGHEST_OF_BATCH]
    assert client.transaction(KEY._replace(stan="000009")) is None
    assert len(statements) == 1
    assert client.transaction(KEY._replace(stan="000004")) is None
    assert client.transaction(KEY._replace(stan="000007")) == sale(KEY._replace(stan="000007"), version=1)
    assert len(statements) == 3
    client.commit(Changes(exchange(), transaction=sale(KEY._replace(stan="000009"))))
    assert client.transaction(KEY._replace(stan="000009")).version == 1
    assert client.transaction(KEY._replace(batch="000002", stan="000003")) is None
    assert client.transaction(KEY).version == 1, "each batch has numbers of its own"


def test_a_card_that_has_no_row_is_looked_for_once_until_it_gets_one(client, exchange):
    token, statements, row = "c" * 32, [], client.store._row

    def noting(statement, *values):
        statements.append(statement)
        return row(statement, *values)

    client.store._row = noting
    assert [client.card(token), client.card(token)] == [None, None]
    assert len(statements) == 1
    client.commit(Changes(exchange(), card=Card(token, spent_minor=5)))
    assert client.card(token).spent_minor == 5


def test_a_card_that_another_program_wrote_conflicts_and_is_found_then(opened, exchange):
    client = opened()
    assert client.card("c" * 32) is None
    CARDS.write(client.store._writing.cursor(), [CARD.pack(Card("c" * 32, spent_minor=7))])
    assert client.commit(Changes(exchange(), card=Card("c" * 32))) == [CommitOutcome.CONFLICT]
    assert client.card("c" * 32).spent_minor == 7


def test_a_transaction_that_another_program_wrote_conflicts_and_is_found_then(opened, exchange):
    client = opened()
    client.commit(Changes(exchange(), transaction=sale()))
    new = KEY._replace(stan="000009")
    assert client.transaction(new) is None
    TransactionRows().write(client.store._writing.cursor(), [TRANSACTION.pack(sale(new, amount_minor=7))])
    assert client.transaction(new) is None, "not asked for"
    assert client.commit(Changes(exchange(), transaction=sale(new))) == [CommitOutcome.CONFLICT]
    assert client.transaction(new).amount_minor == 7


def test_reference_numbers_go_on_after_a_clean_end(opened):
    client = opened()
    assert [client.store.load(Load("10000161")).rrn for _ in range(3)] == [f"{n:012d}" for n in (1, 2, 3)]
    client.store.close()
    assert opened().store.load(Load("10000161")).rrn == "000000000004"


def test_what_became_of_a_reply_is_noted(client, exchange):
    one = exchange()
    client.commit(Changes(one))
    client.store.delivered(one.id, "undelivered")
    client.commit(Changes(exchange()))  # takes the note along
    with client.store.reader() as reader:
        assert [entry.delivery for entry in reader.exchanges()] == ["undelivered", ""]


def test_a_note_alone_is_written_at_the_end(opened, exchange, url):
    client = opened()
    one = exchange()
    client.commit(Changes(one))
    client.store.delivered(one.id, "damaged")
    client.store.close()
    with opened().store.reader() as reader:
        assert reader.exchanges()[0].delivery == "damaged"


def test_the_end_commits_and_answers_what_waits(opened, exchange):
    client = opened()
    answered = [client.queue(Changes(exchange())) for _ in range(600)]
    client.turn()
    answered.append(client.queue(Changes(exchange())))  # not handed over yet
    client.store.close()
    assert [one.result() for one in answered] == [CommitOutcome.DONE] * 601
    with opened().store.reader() as reader:
        assert len(list(reader.every())) == 601


def test_what_is_journalled_is_reported_once_in_its_order(client, exchange):
    old = client.session()
    assert client.sign_on() is CommitOutcome.DONE
    assert client.commit(Changes(exchange()), Changes(exchange(), old), Changes(exchange())) == [
        CommitOutcome.DONE,
        CommitOutcome.CONFLICT,
        CommitOutcome.DONE,
    ]
    client.commit(Changes(exchange()), timeout_s=-1)
    client.commit(Changes(exchange(why="last")))
    client.close()
    assert [row[0] for row in client.written] == [1, 2, 3, 4]
    assert entry_of(client.written[-1][1]).why == "last"


def test_registering_again_changes_nothing(client):
    found = client.register("10000161", "10000162")
    assert (found.added, found.changed, found.unchanged) == (0, 0, 2)


def test_registering_something_else_changes_the_terminal_and_keeps_its_session(client):
    client.sign_on()
    before = client.session()
    found = client.register("10000161", name="second shop")
    assert (found.added, found.changed, found.unchanged, found.keys_dropped) == (0, 1, 0, 0)
    assert client.store.load(Load("10000161")).terminal.name == "second shop"
    assert client.session() == before


def test_another_master_key_drops_the_working_keys(client, exchange):
    client.commit(
        Changes(exchange(), replace(client.session(), current=GENERATION, previous=GENERATION, operator="01 "))
    )
    before = client.session()
    found = client.register("10000161", tmk=Secret(bytes(range(16))))
    assert (found.changed, found.keys_dropped) == (1, 1)
    after = client.session()
    assert (after.current, after.previous, after.version, after.operator) == (None, None, 2, "01 ")
    assert client.commit(Changes(exchange(), before)) == [CommitOutcome.CONFLICT]  # decided under the old key


def test_a_terminal_may_have_a_base_derivation_key_beside_its_master_key_or_instead(client):
    bdk = Secret.from_hex("0123456789ABCDEFFEDCBA9876543210")
    client.register("10000161", tmk=None, bdk=bdk)
    assert client.register("10000161", tmk=None, bdk=bdk).unchanged == 1
    config = client.store.load(Load("10000161")).terminal
    assert (config.tmk, config.tmk_kcv, config.bdk_kcv) == (b"", "", bdk.kcv())
    assert Vault(client.store.master_key).open_secret("bdk:10000161", config.bdk) == bdk
    assert client.register("10000161", bdk=bdk).changed == 1
    assert client.register("10000161").changed == 1
    assert client.store.load(Load("10000161")).terminal.bdk is None


def test_registering_deletes_no_terminal(client):
    client.register("10000163")
    with client.store.reader() as reader:
        assert [config.tid for config, _ in reader.terminals()] == ["10000161", "10000162", "10000163"]


def test_a_second_host_is_turned_away_and_readers_are_not(opened, url):
    client = opened()
    with pytest.raises(StoreError, match=r"in use by process [0-9]+: stop it, or name another store"):
        open_store(url)
    with client.store.reader() as reader:
        assert reader.terminal("10000161")[0].name == ""
    client.store.close()
    open_store(url).close()


def test_a_closed_store_says_so(client, exchange):
    client.store.close()
    client.store.close()
    with pytest.raises(StoreError, match="closed"):
        client.commit(Changes(exchange()))


def test_reading_that_fails_stops_the_store(opened):
    client = opened()
    client.store._reading.close()
    with pytest.raises(StoreError):
        client.store.load(Load("10000162"))
    assert "cannot be read any more" in client.store.fatal_error


def test_a_reader_that_must_wait_costs_one_exchange_and_not_the_store(opened, monkeypatch):
    client = opened()

    def busy(*_query: object) -> None:
        exc = sqlite3.OperationalError("database is locked")
        exc.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
        raise exc

    with monkeypatch.context() as patch:
        patch.setattr(client.store, "_row", busy)
        with pytest.raises(StoreError, match="is held by another program"):
            client.store.load(Load("10000162"))
    assert client.store.fatal_error == ""
    assert client.session("10000162").version == 0


def test_exchanges_are_numbered_in_the_order_of_their_commit(client, exchange):
    client.commit(*(Changes(exchange(stan=f"{n:06d}")) for n in range(1, 301)))
    with client.store.reader() as reader:
        found = reader.exchanges()
        assert [entry.id for entry in found] == list(range(1, 301))
        assert [entry.stan for entry in found] == [f"{n:06d}" for n in range(1, 301)]
        assert [entry.id for entry in reader.exchanges(ExchangeFilter(), limit=2)] == [299, 300]


def test_a_store_that_was_not_started_says_what_is_so_of_one_that_waits_for_nothing(url):
    store = open_store(url)
    state = (store.waiting, store.waited_s, store.congested, store.locked, store.locked_out)
    assert state == (0, 0.0, False, False, 0)
    assert (store.last_error, store.fatal_error) == ("", "")
    with pytest.raises(StoreError) as exc:
        store.commit(Commit(Changes(evidence()), 1e12), lambda _: None)
    assert str(exc.value) == "the store is closed, or was not started"
    store.flush()
    store.close()


def test_how_many_wait_and_for_how_long(opened, exchange):
    client = opened()
    store = client.store
    assert (store.waiting, store.waited_s) == (0, 0.0)
    first = client.queue(Changes(exchange()))
    client.turn()  # it is with the writer; that it was written is heard in a later turn
    began = store.waited_s
    second = client.queue(Changes(exchange()))
    assert (store.waiting, store.congested, store.locked) == (2, False, False)
    assert 0.0 < began < store.waited_s < 3600.0
    client.wait(first, second)
    assert (store.waiting, store.waited_s) == (0, 0.0)


@pytest.mark.parametrize("load", ["load", "load_card", "load_original", "load_signatures"])
def test_each_row_that_cannot_be_read_stops_the_store(opened, database, load):
    client = opened()
    with sqlite3.connect(database) as other:
        for table in ("transaction_row", "card", "signature"):
            other.execute(f"DROP TABLE {table}")
    other.close()
    wanted = {
        "load": (Load("10000161", KEY), "transaction_row"),
        "load_card": (LoadCard("c" * 32), "card"),
        "load_original": (LoadOriginal(KEY.mid, rrn="000000000001"), "main.transaction_row"),
        "load_signatures": (LoadSignatures(KEY), "signature"),
    }
    what, table = wanted[load]
    with pytest.raises(StoreError) as exc:
        getattr(client.store, load)(what)
    assert str(exc.value) == client.store.fatal_error
    assert str(exc.value) == (
        f"the store cannot be read any more: {database} is damaged (no such table: {table}): put a backup back, or "
        "use a new store"
    )


def test_an_original_is_found_by_each_of_its_numbers(client, exchange):
    """The latest one where several have them, and of a day where a day is named."""
    token = "c" * 32
    rows = [
        replace(
            sale(KEY._replace(stan=f"{number:06}"), rrn=rrn, auth_id=auth_id, card=card),
            at_us=at_us,
            business_date=day,
            authorised_minor=100 if auth_id else 0,
        )
        for number, rrn, auth_id, card, at_us, day in (
            (1, "000000000001", "A00001", token, 30, "20260310"),
            (2, "000000000001", "A00001", token, 20, "20260311"),
            (3, "000000000003", "A00001", "d" * 32, 40, "20260310"),
            (4, "", "", token, 50, "20260310"),
        )
    ]
    for row in rows:
        client.commit(Changes(exchange(), transaction=row))

    def stan(mid: str = KEY.mid, **named: str) -> str:
        found = client.original(mid, **named)
        return "" if found is None else found.key.stan

    assert client.original(key=rows[1].key).rrn == "000000000001"
    assert client.original(key=KEY._replace(stan="000009")) is None
    assert stan(rrn="000000000001") == "000001"
    assert stan(rrn="000000000001", date="0311") == "000002"
    assert stan(rrn="000000000001", date="0312") == ""
    assert stan("999999999999999", rrn="000000000001") == ""
    assert stan(auth_id="A00001", card=token) == "000001"
    assert stan(auth_id="A00001", card=token, date="0311") == "000002"
    assert stan(auth_id="A00001", card="d" * 32) == "000003"
    assert stan(auth_id="A00001", card="e" * 32) == ""
    assert (stan(), stan(card=token)) == ("", "000001")


def test_replies_that_were_held_back_when_a_host_was_killed_were_never_sent(opened, url, exchange):
    client = opened()
    one, other = exchange(reply={39: "00"}, reply_mti="0810"), exchange(reply={39: "00"}, reply_mti="0810")
    client.commit(Changes(one), Changes(other))
    client.store.delivered(one.id, "pending")
    client.store.delivered(other.id, "withheld")
    client.close()
    with open_reader(url) as reader:
        assert [entry.delivery for entry in reader.exchanges()] == ["pending", "withheld"]
    open_store(url).close()
    with open_reader(url) as reader:
        assert [entry.delivery for entry in reader.exchanges()] == ["undelivered", "withheld"]
