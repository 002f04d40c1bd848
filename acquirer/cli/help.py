"""The help of a command: the usual options first, the rest in groups under a heading, types in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

FILTER: Final = "FILTER"
"""The metavar of arguments that are filters of the journal: their keys stand in the help."""

WIDEST_NAME: Final = 30
"""Characters of an option before its text begins on the next line; at most a third of the screen."""


_Formatter: Any = typer.Context.formatter_class  # typer's own, or that of the click which it uses


class Formatter(_Formatter):  # type: ignore[misc]  # both have what is used here
    """Writes help in which no word is broken, on a narrow screen either: they are typed as they stand."""

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = WIDEST_NAME, col_spacing: int = 2) -> None:
        """Write names with their texts beside them."""
        widest = min(max(len(name) for name, _ in rows), col_max, self.width // 3)
        start = self.current_indent + widest + col_spacing
        for name, text in rows:
            lines = wrap(text, max(self.width - start, 1), break_long_words=False, break_on_hyphens=False)
            if len(name) > widest:
                lines.insert(0, "")
            head = f"{'':{self.current_indent}}{name:{widest + col_spacing}}"
            for line in lines or [""]:
                self.write(f"{head}{line}".rstrip() + "\n")
                head = " " * start


class CommandGroup(TyperGroup):
    """A group of commands."""

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        ctx.formatter_class = Formatter
        return super().get_help(ctx)


class Command(TyperCommand):
    """A command whose options stand under the headings they name as their ``rich_help_panel``, others before them."""

    def get_help(self, ctx: Any) -> str:
        """Return the help."""
        ctx.formatter_class = Formatter
        return super().get_help(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for one in self.get_params(ctx):
            parameter: Any = one
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            if parameter.param_type_name == "argument":  # typer would write Python's type behind its name
                groups["Arguments"].append((parameter.metavar or parameter.name.upper(), record[1]))
            else:
                groups.setdefault(parameter.rich_help_panel or "Options", []).append(record)
        if any(one.metavar == FILTER for one in self.get_params(ctx)):
            groups.update(_filter_help())
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


def _filter_help() -> dict[str, list[tuple[str, str]]]:
    """Return the keys and values of a filter, as sections of a help; lists are of tables only."""
    from acquirer.matcher.keys import FIELD_HELP, JOURNAL_KEYS, KEYS
    from acquirer.matcher.when import OPERATORS

    keys = [(name, KEYS[name].help) for name in JOURNAL_KEYS]
    values = [(written, means) for written, means in OPERATORS if not written.startswith("[")]
    return {"Keys of a filter": [*keys, ("de.N", FIELD_HELP)], "Values behind =": values}
