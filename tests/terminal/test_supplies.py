"""What our terminal can send in a dialect: all messages of those that ship; what it cannot is named with its place."""

from __future__ import annotations

import pytest

from acquirer.app.terminal import Terminal
from acquirer.data.toml import parse_toml
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.loading import load
from acquirer.settings.specs import dialect_names, document, load_dialect
from acquirer.terminal.download import MESSAGES
from acquirer.terminal.exchange import Outcome
from acquirer.terminal.kinds import KINDS
from acquirer.terminal.order import OrderError
from acquirer.terminal.supplies import MANAGEMENT, SETTLING, unsupplied
from acquirer.testing import running_host


def problems(parent: str, own: str) -> list[str]:
    dialect = load(parse_toml(f'dialect = "mine"\nextends = "{parent}"\n{own}', "mine.toml"), document)
    return [str(problem) for problem in unsupplied(CompiledDialect(dialect))]


@pytest.mark.parametrize("name", dialect_names())
def test_every_message_of_every_dialect_that_ships(name: str) -> None:
    dialect = load_dialect(name)
    assert list(unsupplied(CompiledDialect(dialect))) == []
    served = {route.service for route in dialect.routes if route.served}
    assert served <= {
        *MANAGEMENT,
        *KINDS,
        *SETTLING,
        *MESSAGES,
        "reversal",
        "signature",
        "signature_part",
    }  # a command for each


SERVICES = (
    "sign_on",
    "sign_off",
    "echo",
    "sale",
    "void",
    "refund",
    "balance",
    "reversal",
    "signature",
    "signature_part",
)


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_a_mandatory_element_that_it_does_not_send(service: str) -> None:
    mandatory = [*load_dialect("unionpay-pos").find_route(service).mandatory, "extended"]
    own = f"[routes.{service}]\nmandatory = {mandatory}\n"
    (problem,) = problems("unionpay-pos", own)
    assert problem == (
        f"mine.toml:4: routes.{service}.mandatory: our terminal does not supply 'extended': give it a value in "
        "[constants], take it out, or list it in supplied_by_others too"
    )
    assert problems("unionpay-pos", own + 'supplied_by_others = "extended"\n') == []
    assert problems("unionpay-pos", own + '[constants]\nextended = "A203100"\n') == []


def test_one_of_several_elements_is_enough() -> None:
    assert problems("unionpay-pos", '[routes.sale]\nmandatory = ["stan", "tid", "mid", "extended or track2"]\n') == []
    (problem,) = problems("unionpay-pos", '[routes.sale]\nmandatory = ["stan", "tid", "mid", "extended or private"]\n')
    assert "does not supply 'extended or private'" in problem
    own = '[routes.sale]\nmandatory = ["stan", "tid", "mid", "extended or private"]\nsupplied_by_others = "private"\n'
    assert problems("unionpay-pos", own) == []


@pytest.mark.parametrize("element", ["icc", "card_sequence", "pin_block", "pan"])
def test_what_one_way_of_entering_a_card_brings_is_supplied(element: str) -> None:
    """Chip data come with a chip, a PIN block with a PIN; the host refuses a sale without."""
    own = f'[routes.sale]\nmandatory = ["stan", "tid", "mid", "{element}"]\n'
    assert problems("unionpay-pos", own) == []


@pytest.mark.parametrize(
    ("parent", "own", "problem"),
    [
        (
            "unionpay-pos",
            '[fields]\n4 = { format = "n10" }\n',
            "routes.sale: our terminal cannot build this message: not sold: DE 4",
        ),
        (
            "unionpay-pos",
            '[fields]\n11 = { format = "n5" }\n',
            "routes.sign_on: our terminal cannot build this message: DE 11",
        ),
        (
            "unionpay-pos",
            '[terminal.entries.contactless]\nmode = "0700"\n',
            "mine.toml:3: terminal.entries.contactless: gives no sale: not sold: DE 22",
        ),
        (
            "unionpay-pos",
            '[terminal.icc]\n"9F37" = "dice:4"\n',
            "terminal.entries.chip: gives no sale: not sold: ",
        ),
        (
            "unionpay-pos",
            '[terminal]\noperator = "{operator}"\n',
            "routes.sign_on: our terminal cannot build this message: DE 63",
        ),
        (
            "unionpay-pos",
            '[terminal]\noperator = ""\n',
            "routes.sign_on: our terminal cannot build this message: DE 63",
        ),
        (
            "unionpay-pos",
            '[terminal.reversal]\nno_answer = "980"\n',
            "routes.reversal: our terminal cannot build this message: DE 39",
        ),
    ],
)
def test_what_cannot_be_written(parent: str, own: str, problem: str) -> None:
    assert [line for line in problems(parent, own) if problem in line]


def test_without_a_way_of_entering_a_card_nothing_is_sold() -> None:
    entries = load_dialect("unionpay-pos").terminal_profile.entries
    own = "[terminal.entries]\n" + "".join(f"{name} = false\n" for name in entries)
    assert problems("unionpay-pos", own)[0] == (
        "mine.toml:3: terminal.entries: there is none, so our terminal can send no sale"
    )


def test_without_a_terminal_section_our_terminal_need_supply_nothing() -> None:
    assert problems("unionpay-pos", '[routes.sale]\nmandatory = ["extended"]\n[terminal]\n') != []
    dialect = load(
        parse_toml(
            'dialect = "mine"\nextends = "unionpay-pos"\nterminal = false\n[routes.sale]\nmandatory = ["extended"]\n',
            "m",
        ),
        document,
    )
    assert dialect.terminal_profile is None
    assert list(unsupplied(CompiledDialect(dialect))) == []


def test_what_only_other_terminals_supply_is_missed_before_it_is_sent(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'dialect = "own"\nextends = "unionpay-pos"\n[routes.sale]\n'
        'mandatory = ["stan", "tid", "mid", "batch", "extended"]\nsupplied_by_others = ["extended"]\n',
        "utf-8",
    )
    with (
        running_host(dialect=str(own)) as host,
        Terminal("10000161", host=host.address, dialect=str(own)) as terminal,
    ):
        with pytest.raises(OrderError, match="not sold: DE 59: our terminal does not supply 'extended', which a host"):
            terminal.sale("1.00")
        assert "sale" not in {one.service for one in host.journal.list()}
        assert terminal.reverse().outcome is Outcome.REFUSED  # nothing is owed
