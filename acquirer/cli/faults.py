"""``acquirer faults``: which kinds of faults there are, and how each is written."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    what: Annotated[
        str | None, typer.Argument(metavar="[list|show|KIND]", help="'list': one line for each kind; 'show KIND': one.")
    ] = None,
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="The kind to show.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, or one object of a kind.")] = False,
) -> None:
    """Describe the kinds of faults that a host can be given, in Markdown (docs/faults.md is this page)."""
    from acquirer.app.fault_examples import example
    from acquirer.scenario.catalogue import as_objects, kind_page, page, summary_lines
    from acquirer.scenario.registry import known_names

    if what == "show":
        what = kind
        if what is None:
            raise typer.BadParameter(f"'show' needs a kind: {', '.join(known_names())}")
    elif kind is not None:
        raise typer.BadParameter(f"'{kind}' is one word too many; write 'show KIND'")
    if as_json:
        from acquirer.cli.json_output import print_array, print_object

        if what in (None, "list"):
            print_array(as_objects(known_names()))
        else:
            print_object(next(as_objects((what,))))
    elif what is None:
        print(page(known_names(), example), end="")
    elif what == "list":
        print("\n".join(summary_lines(known_names())))
    else:
        print(kind_page(what, example), end="")
