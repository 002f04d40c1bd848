"""The help of a command: the usual options first, the rest in groups under a heading, types in plain words."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


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
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
