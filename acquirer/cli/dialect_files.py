"""``acquirer dialect new|import|schema``: files for dialects of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.streams import say

INPUT_LIMIT_BYTES = 4 << 20  # the largest packager that is known has 100 KiB

Output = typer.Option("", "--output", "-o", metavar="FILE|-", help="Where to write it; NAME.toml unless said.")


def new(
    name: str = typer.Argument(metavar="NAME", help="What the dialect is to be called, like my-acquirer."),
    extends: str = typer.Option("", "--extends", metavar="NAME|FILE", help="The dialect it differs from."),
    output: str = Output,
) -> int:
    """Write a dialect that extends another one: all it may say is there as comments, with what holds until then."""
    from acquirer.dialect.loading import resolve
    from acquirer.dialect.template import template
    from acquirer.settings.specs import dialect_names, document, finder

    _check(name)
    if not extends:
        raise Exit(
            Code.USAGE, f"Say what it extends: --extends with a .toml file, or one of {', '.join(dialect_names())}."
        )
    parent = resolve(document(extends), finder(extends))
    _write(template(name, extends, parent), output or f"{name}.toml")
    return Code.OK


def import_(
    file: str = typer.Argument(
        metavar="FILE", help="A jPOS packager (XML), or a specification of moov-io/iso8583 (JSON)."
    ),
    name: str = typer.Option(
        "", "--name", metavar="NAME", help="What the dialect is to be called; the file's name unless said."
    ),
    extends: str = typer.Option("", "--extends", metavar="NAME|FILE", help="The dialect to lay it over."),
    output: str = Output,
) -> int:
    """Write a dialect with the fields of a jPOS packager or a moov-io specification."""
    from acquirer.dialect.imported import write
    from acquirer.dialect.jpos import read_packager
    from acquirer.dialect.moov import read_specification

    path = Path(file)
    with path.open("rb") as opened:
        data = opened.read(INPUT_LIMIT_BYTES + 1)
    if len(data) > INPUT_LIMIT_BYTES:
        raise Exit(Code.USAGE, f"{file}: is larger than {INPUT_LIMIT_BYTES >> 20} MiB, and no packager.")
    name = name or path.stem.lower().replace("_", "-")
    _check(name)
    begins = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if begins not in (b"{", b"[", b"<"):
        raise Exit(
            Code.USAGE, f"{file}: is neither jPOS XML nor moov JSON; a specification in YAML must be written as JSON."
        )
    read = (read_packager if begins == b"<" else read_specification)(data, file)
    binary: set[int] = set()
    if extends:
        from acquirer.settings.specs import load_dialect

        parent = load_dialect(extends)
        binary = {at.de for at in parent.elements.values() if parent.fields[at.de].kind == "b"}
    _write(write(name, read, extends, binary), output or f"{name}.toml")
    for note in read.notes:
        say(note)
    return Code.OK


def schema() -> int:
    """Print a JSON Schema of dialect files, for editors that complete and check TOML."""
    from acquirer.dialect.schema import schema
    from acquirer.host.services import SERVICES
    from acquirer.model.reasons import Reason

    print(json.dumps(schema(SERVICES, Reason), ensure_ascii=False, indent=2))
    return Code.OK


def _check(name: str) -> None:
    from acquirer.settings.specs import dialect_names

    if not name.replace("-", "").replace(".", "").isalnum() or not name.isascii() or name.endswith(".toml"):
        raise Exit(
            Code.USAGE, f"'{name}' is no name of a dialect; write letters, digits and hyphens, like my-acquirer."
        )
    if name in dialect_names():
        raise Exit(Code.USAGE, f"A dialect '{name}' ships with acquirer; choose another name.")


def _write(text: str, output: str) -> None:
    """Write a file that was not there before, or to stdout."""
    if output == "-":
        print(text, end="")
        return
    try:
        with Path(output).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Exit(Code.USAGE, f"{output} is there already; name another file with --output.") from None
    say(f"{output}: written. Check it with 'acquirer dialect lint {output}'.")
