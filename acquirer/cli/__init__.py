"""What people type: one module per group of commands, each importing what it needs only when it runs."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import Any

import typer

from acquirer import __version__
from acquirer.cli.arguments import take_over
from acquirer.cli.errors import Code, Exit
from acquirer.cli.help import Command, CommandGroup
from acquirer.cli.streams import give_up, open_streams, say
from acquirer.errors import ConfigurationError
from acquirer.process.core_dumps import forbid_core_dumps
from acquirer.settings.memory import lacks_memory

COMMANDS = {
    "serve": "Play the acquirer's host: listen, sign terminals on, book sales, match reversals.",
    "terminal": "Play a POS terminal against any host: sign on, sell, void, refund, reverse, sign off.",
    "ready": "Wait until a host is ready, for scripts and health checks.",
    "relay": "Sit between a terminal and a host: pass everything on, decode and journal it.",
    "replay": "Send recorded requests again, sealed anew, and say where the replies differ.",
    "record": "Make rules or a journey of what was recorded.",
    "check": "Run journeys, scripts of terminal steps with what must come of them; JUnit for CI.",
    "certify": "Lead a terminal through cases, judge each by what the wire shows, and write a report.",
    "simulate": "Run days of host and terminals in virtual time, with everything that goes wrong, and judge them.",
    "load": "Have many terminals come at once, and say how long each took.",
    "terminals": "Register terminals with a store, list them, show one.",
    "journal": "Read what was exchanged, and why each request was answered as it was.",
    "signatures": "Read what cardholders signed: list, show, export, import; and which transactions lack a signature.",
    "batch": "List settled batches, show one, report why terminal and host differ.",
    "report": "Report transactions and signatures, as a table, JSON or CSV.",
    "store": "Check a store, back it up, shrink it, purge it.",
    "receipt": "Find a slip, and print it again with its signature; as text, picture, page or PDF.",
    "slips": "Export slips of the store to a folder, and hold a folder of slips against the store.",
    "decode": "Show a message as a table: fields, parts, meanings, bytes.",
    "doctor": "Say what a capture is: which dialect, which framing, how sure and why.",
    "mac": "Show how a MAC is made, step by step, and what it would be by every algorithm.",
    "pin": "Show under which keys and in which layouts a PIN block opens.",
    "keys": "Show KCVs, split keys, open key blocks, unwrap working keys; rotate keys of terminals and stores.",
    "certificates": "Make certificates for tests of TLS: an authority, a server, terminals, flawed ones.",
    "dialect": "List, show and check dialects.",
    "faults": "Describe the kinds of faults that a host can be given.",
    "journeys": "Describe how journeys are written, and those that ship.",
    "transactions": "Describe the kinds of transactions, their messages, and what may happen to them.",
    "rules": "Describe rules, and the packs of them that ship.",
}
"""Name → one line of help. A module exposes `app` (a group) or `command` (a single command)."""

GC_THRESHOLD = 50_000
"""New objects between two looks for cycles. With the default of 700 they are looked for again and again while modules
are imported, which create objects that stay: a tenth of the time that a command takes to start."""

NO_MEMORY = "There is not enough memory: end other programs, or raise the limit of this one (ulimit -v).\n"

# Typer carries its own copy of click and exports only the leaves of its family of errors.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def main() -> None:
    """Entry point of the `acquirer` command."""
    gc.set_threshold(GC_THRESHOLD)
    forbid_core_dumps()
    open_streams()
    raise SystemExit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; a failure prints one sentence on stderr."""
    try:
        code = _run(arguments)
    except (MemoryError, ImportError, RuntimeError, SystemError) as exc:  # also of what says another failure
        if not lacks_memory(exc):
            raise
        code = _end_without_memory()
    try:
        sys.stdout.flush()
    except OSError:  # it has been reported, the reader has gone, or an earlier failure says more
        give_up(sys.stdout)
    return code


def _run(arguments: list[str]) -> int:
    try:
        command = _application(arguments)
        result = command.main(arguments or ["--help"], prog_name="acquirer", standalone_mode=False)
        sys.stdout.flush()  # so that what cannot be written is noticed here, and not when the interpreter ends
        return result if isinstance(result, int) else Code.OK
    except Exit as end:
        _say(end.sentence)
        return end.code
    except ConfigurationError as exc:
        _say(str(exc))
        return Code.USAGE
    except UsageError as exc:
        context, problem = getattr(exc, "ctx", None), exc.format_message()  # type: ignore[attr-defined]
        if problem.startswith("Usage: "):  # a group without a command: its help, as for `acquirer` alone
            print(problem)
            return Code.OK
        where = context.command_path if context else f"acquirer {_command_name(arguments)}".rstrip()
        stop = "" if problem.endswith((".", "?")) else "."
        _say(f"{problem}{stop} Try '{where} --help'.")
        return Code.USAGE
    except UnicodeEncodeError:
        odd = next((word for word in arguments if not _is_text(word)), "")
        if not odd:
            raise
        _say(f"{odd} is no UTF-8 text: it can name a file, and nothing else.")
        return Code.USAGE
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return Code.INTERRUPTED
    except (BrokenPipeError, SystemExit):  # the reader of our output has gone; click calls that sys.exit(1)
        return Code.OK
    except OSError as exc:
        if lacks_memory(exc):
            return _end_without_memory()
        if not exc.filename:
            raise
        _say(f"{exc.filename}: {exc.strerror}.")
        return Code.USAGE


def _end_without_memory() -> int:
    sys.stderr.write(NO_MEMORY)  # as it is: `say` would import what makes controls visible
    return Code.USAGE


def _application(arguments: list[str]) -> Any:
    """Return the command tree; only the command that the arguments name is imported."""
    app = typer.Typer(
        cls=CommandGroup,
        help="An acquirer's host for POS terminals, and a terminal to talk to it.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    wanted = _command_name(arguments)
    for name, line in COMMANDS.items():
        if name != wanted:
            app.command(name, help=line, short_help=line)(_not_imported)
            continue
        module = import_module(f"acquirer.cli.{name}")
        if hasattr(module, "app"):
            _with_whole_lines(module.app)
            group = getattr(module, "GROUP", CommandGroup)
            app.add_typer(module.app, name=name, cls=group, help=line, short_help=line, no_args_is_help=True)
        else:
            app.command(name, help=line, short_help=line, cls=Command)(module.command)
    command = typer.main.get_command(app)
    take_over(command)
    return command


def _with_whole_lines(app: typer.Typer) -> None:
    """Have the commands of an application, and of those within it, shown with a whole line, where typer cuts it."""
    for inner in app.registered_commands:
        inner.short_help = (
            inner.short_help or ((inner.callback.__doc__ if inner.callback else "") or "").partition("\n")[0]
        )
        inner.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.cls, group.short_help = CommandGroup, group.typer_instance.info.help
            _with_whole_lines(group.typer_instance)


def _command_name(arguments: list[str]) -> str:
    """Return the command that the arguments name, or an empty text."""
    return next((word for word in arguments if word in COMMANDS), "")


def _is_text(word: str) -> bool:
    """Return whether an argument is UTF-8 text; Python reads bytes that are none as halves of characters."""
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _not_imported() -> None:
    """Stand in the help for a command that is not imported."""


def _version(wanted: bool) -> None:
    if wanted:
        print(f"acquirer {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def _say(sentence: str) -> None:
    if sentence:
        try:
            say(sentence)
        except OSError:  # the exit code says it too
            give_up(sys.stderr)
