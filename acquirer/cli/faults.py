"""``acquirer faults``: which kinds of faults there are, and how each is written."""

from __future__ import annotations

from textwrap import wrap
from typing import Annotated, Final

import typer

_SENTENCE_AT: Final = 35
"""Where the sentence of a line of the list begins, behind name and stage."""

_NARROW: Final = 70
"""Columns below which there is no room for it beside them."""


def command(
    what: Annotated[
        str | None, typer.Argument(metavar="[list|show|KIND]", help="'list': one line for each kind; 'show KIND': one.")
    ] = None,
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="The kind to show.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, or one object of a kind.")] = False,
) -> None:
    """Describe the kinds of faults that a host can be given, in Markdown (docs/faults.md is this page)."""
    from acquirer.app.fault_examples import example
    from acquirer.cli.listing import screen_width
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
    elif what == "list":
        print("\n".join(line for summary in summary_lines(known_names()) for line in _folded(summary, screen_width())))
    else:
        from acquirer.cli.pages import print_page

        print_page(page(known_names(), example) if what is None else kind_page(what, example))


def _folded(summary: str, width: int | None) -> list[str]:
    """Return the lines of a summary; on a narrow screen its sentence stands below name and stage."""
    if width is None or len(summary) <= width:
        return [summary]
    head, sentence = summary[:_SENTENCE_AT].rstrip(), summary[_SENTENCE_AT:]
    if width < _NARROW:
        return [head, *wrap(sentence, width, initial_indent="  ", subsequent_indent="  ")]
    return wrap(sentence, width, initial_indent=summary[:_SENTENCE_AT], subsequent_indent=" " * _SENTENCE_AT)
