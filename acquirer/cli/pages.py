"""Pages of the documentation that commands print: Markdown for files and pipes, laid out for a screen."""

from __future__ import annotations

from acquirer.cli.listing import screen_width


def print_page(text: str) -> None:
    """Print a page; on a screen folded to its width, lines of code too."""
    if screen_width() is None:
        print(text, end="")
        return
    from rich.markdown import Markdown

    from acquirer.cli.tables import console

    console().print(Markdown(text, code_theme="bw", hyperlinks=False))
