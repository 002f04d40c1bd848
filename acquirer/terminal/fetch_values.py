"""Downloads of one message each: parameters, contactless parameters, rates; the status that goes up; software."""

from __future__ import annotations

from acquirer.data.text import plural
from acquirer.downloads.contactless import read_contactless
from acquirer.downloads.parameters import PARAMETERS, read_parameters, write_parameters
from acquirer.downloads.rates import read_rates
from acquirer.terminal.download_steps import Fetched, ask, guarded, read_reply
from acquirer.terminal.effects import Program
from acquirer.terminal.machine import Machine

DEVICES_WORK = b"011021031041051"
"""Keyboard, PIN pad, card reader, printer, display: all of them work."""

STATUS_CODES = tuple(one.name for one in PARAMETERS if one.code <= "25")
"""What a status says of the parameters. Source: Q/CUP 009, 状态上送."""


@guarded
def fetch_parameters(machine: Machine) -> Program[Fetched]:
    """Fetch the terminal parameters; an empty reply changes nothing."""
    exchange = yield from ask(machine, "parameters")
    values = read_reply(exchange, read_parameters)
    end = yield from ask(machine, "parameters_end", last=True)
    if not values:
        return Fetched(end, "no parameters: nothing changes", ended=True)
    merged = {**machine.state.downloaded.parameters, **values}
    return Fetched(end, plural(len(values), "parameter"), {"parameters": merged}, ended=True)


@guarded
def fetch_contactless(machine: Machine) -> Program[Fetched]:
    """Fetch the contactless parameters."""
    exchange = yield from ask(machine, "contactless")
    form = machine.setup.dialect.downloads.contactless
    values = read_reply(exchange, lambda data: read_contactless(data, form))
    end = yield from ask(machine, "contactless_end", last=True)
    return Fetched(end, plural(len(values), "contactless parameter"), {"contactless": values}, ended=True)


@guarded
def fetch_rates(machine: Machine) -> Program[Fetched]:
    """Fetch the currency rates; they have no end."""
    exchange = yield from ask(machine, "rates", last=True)
    rates = read_reply(exchange, read_rates)
    return Fetched(exchange, plural(len(rates), "currency rate"), {"rates": rates}, ended=True)


@guarded
def upload_status(machine: Machine) -> Program[Fetched]:
    """Upload which devices work, and the parameters as they were downloaded."""
    known = machine.state.downloaded.parameters
    parameters = write_parameters({name: known[name] for name in STATUS_CODES if name in known})
    exchange = yield from ask(machine, "status_upload", DEVICES_WORK + parameters, last=True)
    return Fetched(exchange, "the status is uploaded", ended=True)


@guarded
def fetch_software(machine: Machine) -> Program[Fetched]:
    """Ask for software (TMS): no host of ours has any."""
    dialect = machine.setup.dialect
    notice = dialect.find_route("parameters").when["function"][-1]  # 364, where a dialect has it
    yield from ask(machine, "parameters", values={"function": notice})
    end = yield from ask(machine, "software_end", last=True)
    return Fetched(end, "software: nothing to do", ended=True)
