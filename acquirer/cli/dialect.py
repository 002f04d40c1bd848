"""``acquirer dialect``: what dialects there are, what one of them says, what is wrong with it; and how to make one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli import dialect_files
from acquirer.cli.errors import Code, Exit
from acquirer.cli.json_output import print_array, print_object

if TYPE_CHECKING:
    from rich.table import Table

    from acquirer.data.toml import DataError
    from acquirer.dialect.dialect import Dialect
    from acquirer.dialect.lint import Report
    from acquirer.wire.grammar import FieldSpec, Text

app = typer.Typer(rich_markup_mode=None)

Name = typer.Argument(metavar="NAME|FILE", help="A dialect that ships with acquirer, or a TOML file of your own.")


@app.command("list")
def list_(as_json: bool = typer.Option(False, "--json", help="One JSON array.")) -> int:
    """List the dialects that ship with acquirer."""
    from acquirer.cli.tables import KEY, Line, console, table
    from acquirer.settings.specs import dialect_names, load_dialect

    dialects = [load_dialect(name) for name in dialect_names()]
    if as_json:
        print_array(map(_summary, dialects))
        return Code.OK
    grid = table("Name", "Dialect", "Framing", "Fields>", "Services", "Samples>")
    for dialect in dialects:
        served = ", ".join(route.service for route in dialect.routes if route.served)
        counts = str(len(dialect.fields)), str(_sample_count(dialect))
        grid.add_row(Line(dialect.name, KEY), both(dialect.title), framing(dialect), counts[0], served, counts[1])
    console().print(grid)
    return Code.OK


@app.command()
def show(
    name: str = Name,
    part: str = typer.Argument("", metavar="PART", help="Only fields, messages, codes, keys, constants or samples."),
    as_json: bool = typer.Option(False, "--json", help="The whole dialect as one JSON object."),
) -> int:
    """Show a dialect: its frames, fields, messages, response codes, key packages, constants and samples."""
    from acquirer.cli.tables import QUIET, WIDE, Line, console
    from acquirer.data.toml import did_you_mean
    from acquirer.settings.specs import load_dialect

    dialect = load_dialect(name)
    if part and part not in PARTS:
        hint = did_you_mean(part, PARTS) or f"; there are {', '.join(PARTS)}."
        raise Exit(Code.USAGE, f"A dialect has no part '{part}'{hint}")
    if as_json:
        print_object(_whole(dialect))
        return Code.OK
    screen = console()
    if not part:
        screen.print(Line(dialect.name, "bold").append(f"  {both(dialect.title)}", ""))
        screen.print(Line(f"frame: {framing(dialect)}", QUIET))
        security = dialect.security
        screen.print(Line(f"MAC: {f'{security.mac} over {security.coverage}' if security.mac else 'none'}", QUIET))
    for one in [part] if part else PARTS:
        screen.print(PARTS[one](dialect, screen.width >= WIDE))
        for line in LEGENDS.get(one, ()):
            screen.print(Line(line, QUIET))
    return Code.OK


@app.command()
def lint(names: list[str] = typer.Argument(None, metavar="NAME|FILE", help="Without any: all that ship.")) -> int:
    """Check dialects: OK means that a host starts with it. Problems keep it from starting; notes have no effect."""
    from acquirer.app.dialects import lint_dialect
    from acquirer.data.text import plural
    from acquirer.settings.specs import dialect_names, load_dialect

    problems = 0
    for name in names or dialect_names():
        report = lint_dialect(name)
        problems += len(report.problems)
        for problem in report.problems:
            print(problem)
        for note in report.notes:
            print(_note(note))
        if not report.problems:
            print(_in_order(load_dialect(name), report))
    if problems:
        raise Exit(Code.USAGE, f"{plural(problems, 'problem')} found.")
    return Code.OK


def _note(note: DataError) -> str:
    """Return a note as compilers write it: ``mine.toml:7: note: layouts.x: no field uses this layout``."""
    where, separator, rest = str(note).partition(f"{note.key}: ")
    return f"{where}note: {separator}{rest}"


def _in_order(dialect: Dialect, report: Report) -> str:
    from acquirer.data.text import plural

    served = sum(route.served for route in dialect.routes)
    counted = [plural(len(dialect.fields), "field"), plural(served, "service"), plural(len(dialect.codes), "code")]
    counted.append(plural(len(dialect.samples), "sample"))
    if report.notes:
        counted.append(plural(len(report.notes), "note"))
    return f"{dialect.name}: OK: {', '.join(counted)}"


app.command("new")(dialect_files.new)
app.command("import")(dialect_files.import_)
app.command("schema")(dialect_files.schema)


def both(text: Text) -> str:
    """A text in both its languages."""
    return f"{text.en} {text.zh}".rstrip()


def framing(dialect: Dialect) -> str:
    """How frames look, in words."""
    from acquirer.inspect.framings import framing_words

    length = framing_words(dialect.framing).removeprefix("a ")
    tpdu = f"TPDU {dialect.envelope.tpdu.hex().upper()}" if dialect.envelope.tpdu else "no TPDU"
    head = f"head {dialect.envelope.head.hex().upper()}" if dialect.envelope.head else "no head"
    return f"{length}, {tpdu}, {head}"


def _summary(dialect: Dialect) -> dict[str, Any]:
    return {
        "name": dialect.name,
        "title": {"en": dialect.title.en, "zh": dialect.title.zh},
        "framing": dialect.framing.name,
        "tpdu": dialect.envelope.tpdu.hex().upper(),
        "head": dialect.envelope.head.hex().upper(),
        "fields": len(dialect.fields),
        "services": [route.service for route in dialect.routes if route.served],
        "samples": _sample_count(dialect),
    }


def _sample_count(dialect: Dialect) -> int:
    """Return how many samples stand in a dialect's file, or in the one that it has them from."""
    return len(dialect.document.data.get("samples", ()))


def _whole(dialect: Dialect) -> dict[str, Any]:
    plain = {
        "fields": {str(de): _plain(spec) for de, spec in dialect.fields.items()},
        "elements": {name: _plain(at) for name, at in dialect.elements.items()},
        "messages": [_plain(route) for route in dialect.routes],
        "codes": {code: _plain(one) for code, one in dialect.codes.items()},
        "reasons": dict(dialect.reasons),
        "constants": dict(dialect.constants),
        "security": _plain(dialect.security),
        "samples": [_plain(sample) for sample in dialect.samples],
    }
    return _summary(dialect) | plain


def _plain(value: Any) -> Any:
    """Return a value with records as objects, for JSON."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _fields(dialect: Dialect, wide: bool) -> Table:
    from acquirer.cli.tables import HIDDEN, KEY, Line, table

    zh = ("字段",) if wide else ()
    grid = table("DE>", "Field", *zh, "Format", "On the wire", "Shown", "Inside", title="Fields")
    shown = {"pan": "6+4 digits", "track": "length", "pin": "length", "secret": "length"}
    usual = Counter(spec.length_encoding for spec in dialect.fields.values()).most_common(1)[0][0]
    for de, spec in dialect.fields.items():
        names = (spec.name.en, spec.name.zh) if wide else (spec.name.en,)
        inside = ", ".join(layout.title.en for layout in spec.layouts)
        mask = Line(shown.get(spec.sensitivity, ""), HIDDEN)
        grid.add_row(Line(str(de), KEY), *names, spec.format, _on_the_wire(spec, usual), mask, inside)
    return grid


def _on_the_wire(spec: FieldSpec, usual_length: str) -> str:
    """How a field travels: its encoding, where an odd digit is filled up, and its length where that is unusual."""
    text = f"hex in {spec.encoding}" if spec.kind == "b" and spec.encoding != "binary" else spec.encoding
    text += f", length {spec.length_encoding}" if spec.length_encoding != usual_length else ""
    odd = spec.nibbles and (spec.length_bytes or spec.maximum % 2)
    return f"{text}, {'0…' if spec.pad_left else '…0'}" if odd else text


def _messages(dialect: Dialect, wide: bool) -> Table:
    from acquirer.cli.tables import KEY, QUIET, Line, table

    named = ("Message",) if wide else ()
    grid = table("Service", *named, "MTI", "When", "Needs", "MAC", title="Messages, and which of them are served")
    grid.columns[-3].min_width = 22  # "processing_code 000000", whole
    for route in sorted(dialect.routes, key=lambda route: not route.served):
        style = KEY if route.served else QUIET
        title = (both(route.title),) if wide else ()
        when = "\n".join(f"{name} {_values(values)}" for name, values in route.when.items())
        needs = Line(", ".join(route.mandatory)) if route.served else Line("not served", QUIET)
        mac = {"never": "request" if route.mac_request else "", "approved": "both"}[route.mac_reply]
        grid.add_row(Line(route.service, style), *title, route.mti, when, needs, mac)
    return grid


def _values(values: tuple[str, ...]) -> str:
    """Values a route accepts; of many, the first and the last."""
    return " ".join(values) if len(values) <= 6 else f"{values[0]} … {values[-1]} ({len(values)})"


def _codes(dialect: Dialect, wide: bool) -> Table:
    from acquirer.cli.tables import KEY, Line, table

    zh = ("含义",) if wide else ()
    grid = table("Code", "Class", "Meaning", *zh, "Shown", "Answers", title="Response codes")
    for code in dialect.codes.values():
        reasons = "\n".join(reason for reason, answer in dialect.reasons.items() if answer == code.code)
        meaning = (code.meaning.en, code.meaning.zh) if wide else (code.meaning.en,)
        grid.add_row(Line(code.code, KEY), code.kind, *meaning, code.shown.zh or code.shown.en, reasons)
    return grid


def _keys(dialect: Dialect, _wide: bool) -> Table:
    from acquirer.cli.tables import KEY, Line, table

    grid = table("Function", "Cipher", "Under the TMK by", "Bytes of key + check value", "Bytes>", title="Key packages")
    for package in dialect.security.packages.values():
        layout = " + ".join(
            f"{part.name.upper()} {part.size_bytes} + KCV {package.kcv_bytes}" for part in package.parts
        )
        size = sum(part.size_bytes + package.kcv_bytes for part in package.parts)
        grid.add_row(Line(package.selector, KEY), package.cipher, package.wrap, layout, str(size))
    return grid


def _constants(dialect: Dialect, _wide: bool) -> Table:
    from acquirer.cli.tables import KEY, Line, table

    grid = table("Element", "DE", "Value", title="Constants, for host and terminal")
    for name, value in dialect.constants.items():
        at = dialect.elements.get(name)
        part = f", from character {at.start + 1}" if at and not at.whole else ""
        grid.add_row(Line(name, KEY), f"{at.de}{part}" if at else "", value)
    return grid


def _samples(dialect: Dialect, _wide: bool) -> Table:
    from acquirer.cli.tables import KEY, Line, table

    grid = table("Sample", "Hex", title="Samples, for `acquirer decode`")
    for sample in dialect.samples:
        grid.add_row(Line(sample.title, KEY), sample.hex)
    return grid


PARTS: Mapping[str, Callable[[Dialect, bool], Table]] = {
    "fields": _fields,
    "messages": _messages,
    "codes": _codes,
    "keys": _keys,
    "constants": _constants,
    "samples": _samples,
}
"""What `show` shows, in this order."""

LEGENDS = {
    "fields": (
        "Format: a class and a size; .. is LLVAR, ... LLLVAR. Sizes count digits (n z h), characters (a an as ns s) "
        "or bytes (b); x+n is a sign C or D and digits.",
        "On the wire: bcd is two digits to a byte, an odd one filled up with 0 on the left (0…) or on the right (…0); "
        "binary is bytes as they are; hex in ascii or ebcdic is two hexadecimal digits for each, and a length counts "
        "those.",
    ),
    "messages": ("MAC: on requests, or on both; a reply has one where it approves.",),
    "codes": ("Class: A success, B failed and may be tried again, C failed, D the operator must act, E system fault.",),
}
"""What the columns of each part mean."""
