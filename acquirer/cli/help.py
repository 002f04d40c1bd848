"""The help of a command: the usual options first, the rest in groups under a heading, types in plain words."""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperCommand

FILTER: Final = "FILTER"
"""The metavar of arguments that are filters of the journal: their keys stand in the help."""


class Command(TyperCommand):
    """A command whose options stand under the headings they name as their ``rich_help_panel``, others before them."""

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
