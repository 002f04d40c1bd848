"""Downloads at our terminal: what it fetches, checks and keeps; what steers it; what a power cut leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquirer.downloads.ca_keys import KeyName
from acquirer.downloads.kinds import ORDER
from acquirer.security.vault import Vault
from acquirer.settings.downloads import load_downloads
from acquirer.terminal.download import ALL, download, with_downloads
from acquirer.terminal.downloaded import NO_DOWNLOADS, Downloaded
from acquirer.terminal.effects import Ask, Keep, Listen, NotSent, Program
from acquirer.terminal.exchange import Outcome, Result
from acquirer.terminal.fetch_master_key import download_master_key
from acquirer.terminal.machine import Machine
from acquirer.terminal.sign_on import echo, sign_on
from acquirer.terminal.state import State, dump, load
from acquirer.testing.rig import Rig
from acquirer.testing.rig_terminal import RigTerminal

VAULT = Vault(bytes(32))
SHIPPED = load_downloads()


def sent(result: Result) -> list[str]:
    return [one.service for one in result.exchanges]


def downloaded_by(rig: Rig, *kinds: str, **options: Any) -> RigTerminal:
    """A terminal that is signed on and has downloaded these kinds."""
    terminal = rig.terminal(**options)
    terminal.sign_on()
    assert terminal.download(kinds or "all").ok
    return terminal


def with_parameters(rig: Rig, **values: Any) -> None:
    rig.host.downloads = replace(rig.host.downloads, parameters={**rig.host.downloads.parameters, **values})


class TestWhatIsKept:
    def test_all_of_a_first_hour(self) -> None:
        terminal = downloaded_by(Rig())
        kept = terminal.state.downloaded
        assert kept.keys == tuple(SHIPPED.keys.values())
        assert kept.aids == tuple(SHIPPED.aids.values())
        assert kept.parameters["tip_percent"] == 15
        assert (kept.contactless, kept.bins_b, kept.blacklist) == (
            SHIPPED.contactless,
            SHIPPED.bins_b,
            SHIPPED.blacklist,
        )
        assert (kept.bins_c, kept.rates, kept.pending) == (SHIPPED.bins_c, SHIPPED.rates, ())
        assert list(kept.fetched) == list(ALL)

    def test_it_survives_on_disk_and_no_card_number_is_readable(self) -> None:
        state = downloaded_by(Rig()).state
        text = dump(state, VAULT, bytes)
        assert "6243030000000001" not in text
        assert load(text, VAULT) == state

    def test_a_state_of_before_has_downloaded_nothing(self) -> None:
        state = Rig().terminal().state
        old = dump(state, VAULT, bytes).replace(' "downloaded": ""', ' "other": ""')
        assert load(old, VAULT).downloaded == NO_DOWNLOADS

    def test_a_key_with_another_check_value_is_not_kept(self) -> None:
        rig = Rig()
        name = KeyName("A000000333", "09")
        damaged = replace(SHIPPED.keys[name], check_value=bytes(20))
        rig.host.downloads = replace(SHIPPED, keys={**SHIPPED.keys, name: damaged})
        terminal = rig.terminal()
        result = terminal.download("capk")
        assert result.outcome is Outcome.MALFORMED
        assert result.sentence.startswith(
            "3 CA public keys kept; the check value of CA public key A000000333/09 (DF03)"
        )
        assert [key.name.index for key in terminal.state.downloaded.keys] == ["08", "0A", "0B"]
        assert [one.outcome for one in result.exchanges].count(Outcome.MALFORMED) == 1
        assert "is 0000" in result.exchanges[2].detail

    def test_an_empty_reply_changes_nothing(self) -> None:
        rig = Rig()
        terminal = downloaded_by(rig, "parameters")
        rig.host.downloads = replace(SHIPPED, parameters={})
        assert terminal.download("parameters").sentence == "no parameters: nothing changes"
        assert terminal.state.downloaded.parameters["tip_percent"] == 15

    def test_what_cannot_be_read_is_refused_and_what_was_there_stays(self, tmp_path: Path) -> None:
        file = tmp_path / "other.toml"
        file.write_text(
            'dialect = "other"\ntitle = "other"\nextends = "unionpay-pos"\n[downloads]\ncontactless = "binary"\n'
        )
        terminal = Rig(str(file)).terminal(dialect="unionpay-pos")
        terminal.sign_on()
        result = terminal.download("contactless blacklist")
        assert result.outcome is Outcome.MALFORMED
        assert result.sentence.startswith(
            "contactless parameters not fetched: DE 62 is no list of contactless parameters: expected six characters"
        )
        assert terminal.state.downloaded == replace(NO_DOWNLOADS, pending=("contactless",))

    def test_without_a_host_nothing_is_lost_and_the_rest_is_not_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        terminal = downloaded_by(Rig())
        monkeypatch.setattr(terminal._connection, "ask", lambda _ask: NotSent("there is no line"))
        before = terminal.state.downloaded
        result = terminal.download()
        assert (result.outcome, len(result.exchanges)) == (Outcome.NOT_SENT, 1)
        assert result.sentence == "terminal parameters not fetched: there is no line"
        assert terminal.state.downloaded == replace(before, pending=("parameters",))

    @pytest.mark.parametrize("settings", ["page = 2", 'page = 0\nexpiry = "bcd"', 'page = 1\ncontactless = "binary"'])
    def test_in_the_forms_of_other_makes(self, tmp_path: Path, settings: str) -> None:
        file = tmp_path / "other.toml"
        file.write_text(f'dialect = "other"\ntitle = "other"\nextends = "unionpay-pos"\n[downloads]\n{settings}\n')
        kept = downloaded_by(Rig(str(file)), dialect=str(file)).state.downloaded
        assert kept.keys == tuple(SHIPPED.keys.values())
        assert (kept.contactless, kept.bins_b) == (SHIPPED.contactless, SHIPPED.bins_b)

    def test_a_dialect_without_downloads(self) -> None:
        rig = Rig("iso8583-1987-ascii")
        with pytest.raises(LookupError, match="knows no service 'parameters'"):
            rig.terminal(dialect="iso8583-1987-ascii").download()

    def test_words_that_are_none(self) -> None:
        terminal = Rig().terminal()
        with pytest.raises(ValueError, match="'capks' is no download; did you mean 'capk'"):
            terminal.download("capks")
        with pytest.raises(ValueError, match="'tmk' goes by itself"):
            terminal.download(["tmk", "aid"])


class TestByItself:
    def test_what_the_host_asks_for_follows_the_sign_on(self) -> None:
        rig = Rig()
        rig.register("10000161", downloads=["capk", "contactless", "status"])
        terminal = rig.terminal("10000161")
        result = terminal.sign_on()
        assert (result.service, result.sentence) == ("sign_on", "")
        assert sent(result)[:3] == ["sign_on", "status_upload", "capk_query"]
        assert sent(result)[-6:] == ["contactless", "contactless_end", "bins_b", "bins_b_end", "bins_c", "bins_c_end"]
        assert sent(terminal.echo()) == ["echo"]
        assert rig.store.sessions["10000161"].downloads == ()
        assert rig.store.sessions["10000161"].device_status == "011021031041051"

    def test_it_can_be_switched_off(self) -> None:
        rig = Rig()
        rig.register("10000161", downloads=list(ORDER))
        terminal = rig.terminal("10000161", fetch=False)
        assert sent(terminal.sign_on()) == ["sign_on"]
        assert sent(terminal.sale("12.34")) == ["sale"]
        assert rig.store.sessions["10000161"].downloads == ORDER

    def test_all_at_once_and_each_once(self) -> None:
        rig = Rig()
        rig.register("10000161", downloads=list(ORDER))
        terminal = rig.terminal("10000161")
        result = terminal.sale("12.34")
        assert (result.outcome, result.code) == (Outcome.APPROVED, "00")
        assert "software_end" in sent(result)
        assert rig.store.sessions["10000161"].downloads == ()

    def test_a_host_that_never_stops_asking_is_obeyed_once_in_an_operation(self) -> None:
        rig = Rig()
        rig.register("10000161", downloads=["parameters"])
        rig.host.nibbles = {**rig.host.nibbles, "parameters": 4}  # asks for keys, whose end is not that of parameters
        result = rig.terminal("10000161").echo()
        assert sent(result).count("capk_end") == 1

    def test_a_rule_asks_once(self) -> None:
        rule = {"name": "keys", "when": {"service": "echo"}, "then": {"ask": "capk"}, "times": 1}
        rig = Rig(rules=[rule])
        terminal = rig.terminal()
        assert sent(terminal.echo())[:2] == ["echo", "capk_query"]
        assert rig.journal[0].why == "the host is there; rule 'keys' asks for the download of capk; 1 of 1 used"
        assert sent(terminal.echo()) == ["echo"]

    def test_a_download_that_fails_leaves_the_operation_as_it_is(self) -> None:
        rig = Rig(faults=["silent:service=capk"])
        rig.register("10000161", downloads=["capk"])
        result = rig.terminal("10000161").sign_on()
        assert result.ok
        assert (
            result.sentence == "CA public keys not fetched: no answer: waited 60 s" or "not fetched" in result.sentence
        )


class TestSteering:
    def test_the_merchants_name_stands_on_slips(self) -> None:
        rig = Rig()
        with_parameters(rig, merchant_name="另一家店")
        receipt = downloaded_by(rig, "parameters", name="Registered").sale("12.34").receipt
        assert receipt is not None
        assert receipt.merchant == "另一家店"

    def test_how_long_it_waits_unless_its_owner_says(self) -> None:
        rig = Rig()
        with_parameters(rig, timeout_s=33)
        assert downloaded_by(rig, "parameters")._core.machine.setup.patience_s == 33
        owned = rig.terminal(timeout=7)
        owned.download("parameters")
        assert owned._core.machine.setup.patience_s == 7

    def test_how_often_a_reversal_is_sent(self) -> None:
        rig = Rig(faults=["silent:service=sale", "silent:service=reversal"])
        with_parameters(rig, reversal_resends=0)
        terminal = downloaded_by(rig, "parameters")
        assert terminal.sale("12.34").reversal == "owed"
        result = terminal.sale("12.34")
        assert "got no answer that ends it in 1 tries and is kept" in result.sentence

    @pytest.mark.parametrize(
        ("values", "operate", "sentence"),
        [
            (
                {"kinds": ("sale",)},
                lambda one: one.balance(),
                "not inquired: the downloaded parameters do not permit 'balance' (code 26)",
            ),
            (
                {"kinds": ("balance",)},
                lambda one: one.sale("1"),
                "not sold: the downloaded parameters do not permit 'sale' (code 26)",
            ),
            (
                {"manual_entry": False},
                lambda one: one.sale("1", entry="manual"),
                "not sold: the downloaded parameters do not permit card numbers to be keyed in (code 20)",
            ),
            (
                {},
                lambda one: one.sale("1", card="lost"),
                "not sold: card 624303******0001 is on the downloaded blacklist",
            ),
        ],
    )
    def test_what_is_not_permitted_is_not_sent(
        self, values: Any, operate: Callable[[RigTerminal], Result], sentence: str
    ) -> None:
        rig = Rig()
        with_parameters(rig, **values)
        terminal = downloaded_by(rig)
        result = operate(terminal)
        assert (result.outcome, result.sentence, result.exchanges) == (Outcome.REFUSED, sentence, ())

    def test_tips(self) -> None:
        rig = Rig()
        terminal = downloaded_by(rig, "parameters")
        terminal.sale("100.00")
        assert (
            terminal.tip("15.01").sentence
            == "no tip: a tip may be 15 per cent of its sale (code 19), here 15.00, not 15.01"
        )
        with_parameters(rig, tip=0)
        terminal.download("parameters")
        assert terminal.tip("1.00").sentence == "no tip: the downloaded parameters permit no tips (code 18)"
        with_parameters(rig, tip=1)
        terminal.download("parameters")
        assert terminal.tip("15.00").outcome in (Outcome.APPROVED, Outcome.DONE)

    def test_offline_sales_wait_as_the_parameters_say(self) -> None:
        rig = Rig()
        with_parameters(rig, upload_offline=0)
        terminal = downloaded_by(rig, "parameters")
        assert terminal.offline_sale("40.00", auth_id="A12345").outcome is Outcome.DONE
        terminal.sale("1.00")
        assert len(terminal.state.queue) == 1
        with_parameters(rig, upload_offline=1)
        terminal.download("parameters")
        terminal.sale("1.00")
        assert not terminal.state.queue

    def test_it_signs_off_after_a_settlement(self) -> None:
        rig = Rig()
        with_parameters(rig, sign_off_after_settlement=True)
        terminal = downloaded_by(rig, "parameters")
        assert terminal.settle().sentence.endswith("; signed off")

    def test_up_to_which_amount_nothing_is_signed(self) -> None:
        rig = Rig()
        rig.host.downloads = replace(SHIPPED, contactless={"no_signature": 1, "no_signature_limit_minor": 500})
        terminal = downloaded_by(rig, "contactless")
        small, large = terminal.sale("5.00", entry="contactless"), terminal.sale("5.01", entry="contactless")
        assert [one.receipt.no_cvm_limit_minor for one in (small, large)] == [500, 0]


# power cuts


def steps(rig: Rig, terminal: RigTerminal, machine: Machine, program: Program[Result]) -> Iterator[State | None]:
    """Run a program against a rig; yields before each effect is performed, then what is durable by then."""
    answer: Any = None
    while True:
        try:
            effect = program.send(answer)
        except StopIteration:
            return
        yield None
        answer = None
        if isinstance(effect, Ask):
            answer = terminal._connection.ask(effect)
        elif isinstance(effect, Listen):
            answer = terminal._connection.listen()
        elif isinstance(effect, Keep):
            yield effect.state


def run_until(
    rig: Rig, terminal: RigTerminal, machine: Machine, program: Program[Result], cut: int
) -> tuple[State, bool]:
    """Run a program and cut the power after so many steps; returns what is on disk, and whether it came to its end."""
    durable = machine.state
    for number, state in enumerate(steps(rig, terminal, machine, program)):
        durable = state or durable
        if number == cut:
            return load(dump(durable, VAULT, bytes), VAULT), False
    return load(dump(durable, VAULT, bytes), VAULT), True


def whole_kinds(kept: Downloaded, before: Downloaded, after: Downloaded) -> bool:
    """Whether each part is as it was before or as it is afterwards, never something between."""
    parts = ("parameters", "keys", "aids", "contactless", "blacklist", "rates")
    tables = (kept.bins_b, kept.bins_c)
    return all(getattr(kept, part) in (getattr(before, part), getattr(after, part)) for part in parts) and (
        tables in ((before.bins_b, before.bins_c), (after.bins_b, after.bins_c))
    )


@pytest.mark.slow
def test_the_power_fails_at_every_step_of_all_downloads() -> None:
    whole = downloaded_by(Rig()).state.downloaded
    cut, finished = 0, False
    while not finished:
        rig = Rig()
        rig.register("10000161", downloads=list(ALL))
        terminal = rig.terminal("10000161")
        machine = terminal._core.machine
        state, finished = run_until(rig, terminal, machine, with_downloads(machine, sign_on(machine)), cut)
        kept = state.downloaded
        assert whole_kinds(kept, NO_DOWNLOADS, whole), cut
        session = rig.store.sessions.get("10000161")
        due = set(ALL if session is None else session.downloads)
        assert set(ALL) - set(kept.fetched) <= due | set(kept.pending), cut  # nothing is forgotten by both
        again = Machine(machine.owned, state)
        run_until(rig, terminal, again, with_downloads(again, echo(again)), 10**6)
        assert set(again.state.downloaded.fetched) == set(ALL), cut
        assert again.state.downloaded.keys == whole.keys, cut
        assert again.state.downloaded.pending == (), cut
        cut += 1
    assert cut > 100


@pytest.mark.slow
def test_the_power_fails_at_every_step_of_a_download_by_hand() -> None:
    whole = downloaded_by(Rig()).state.downloaded
    cut, finished = 0, False
    while not finished:
        rig = Rig()
        terminal = rig.terminal()
        terminal.sign_on()
        machine = terminal._core.machine
        state, finished = run_until(rig, terminal, machine, download(machine, ("capk", "aid")), cut)
        assert whole_kinds(state.downloaded, NO_DOWNLOADS, whole), cut
        begun = state.downloaded.pending
        again = Machine(machine.owned, state)
        run_until(rig, terminal, again, with_downloads(again, echo(again)), 10**6)
        assert set(begun) <= set(again.state.downloaded.fetched), cut  # the host did not ask: it went on by itself
        cut += 1
    assert cut > 50


def test_the_power_fails_at_every_step_of_a_new_master_key() -> None:
    cut, finished = 0, False
    while not finished:
        rig = Rig()
        terminal = rig.terminal()
        terminal.sign_on()
        machine = terminal._core.machine
        state, finished = run_until(rig, terminal, machine, download_master_key(machine), cut)
        again = Machine(machine.owned, state)
        run_until(rig, terminal, again, sign_on(again), 10**6)
        assert again.state.signed_on, cut  # under whichever key the host uses
        session = rig.store.sessions[terminal.tid]
        assert (again.tmk.kcv() == session.tmk_kcv) if session.tmk else again.state.downloaded.tmk is None, cut
        cut += 1
    assert cut > 10


class TestMasterKey:
    def test_it_signs_on_under_the_new_one(self) -> None:
        terminal = Rig().terminal()
        before = terminal._core.machine.tmk
        result = terminal.download("tmk")
        kcv = terminal.state.downloaded.tmk.kcv()
        assert (result.ok, result.sentence) == (True, f"master key {kcv} is in use: sign on")
        assert terminal.state.keys is None
        assert terminal.sign_on().ok
        assert terminal.sale("12.34").ok
        assert before.kcv() != kcv

    def test_another_one_that_is_entered_goes_before(self) -> None:
        rig = Rig()
        terminal = rig.terminal()
        terminal.download("tmk")
        setup = replace(terminal._core.machine.owned, tmk=terminal.state.downloaded.tmk)
        assert Machine(setup, terminal.state).state.downloaded.tmk is None

    def test_a_host_without_an_rsa_key(self) -> None:
        rig = Rig()
        rig.host.downloads = replace(SHIPPED, rsa_key=None)
        result = rig.terminal().download("tmk")
        assert (result.outcome, result.code) == (Outcome.DECLINED, "40")
        assert result.sentence.startswith("no master key was fetched: ")
