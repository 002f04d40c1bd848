"""``acquirer journal mark``: what people say of an exchange; also beside a host that serves the store."""

from __future__ import annotations

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stores import StoreOption, settings, store_problems


def mark(
    number: int = typer.Argument(metavar="NUMBER", help="As 'list' shows it."),
    word: str | None = typer.Argument(None, metavar="[MARK]", help="A word or two to find it by; '': none any more."),
    comment: str | None = typer.Option(
        None, "--comment", metavar="TEXT", help="What is to be said of it; '': nothing any more."
    ),
    store: str | None = StoreOption,
) -> int:
    """Mark an exchange, to find it again by mark=…, or say something about it."""
    from acquirer.data.text import printable
    from acquirer.model.remarks import COMMENT_MOST, MARK_MOST
    from acquirer.store.remarks import remark_beside

    if word is None and comment is None:
        raise Exit(Code.USAGE, "Give a mark, or --comment.")
    for text, most in ((word, MARK_MOST), (comment, COMMENT_MOST)):
        if text is not None and (not text.isprintable() or len(text) > most):
            raise Exit(Code.USAGE, f"Write at most {most} printable characters, in one line.")
    config = settings(store)
    with store_problems():
        try:
            remark = remark_beside(config.store, number, word, comment)
        except LookupError as exc:
            raise Exit(Code.USAGE, f"{config.store}: {exc}; 'acquirer journal list' shows the latest.") from None
    parts = [f"mark '{remark.mark}'" if remark.mark else "no mark", remark.comment]
    print(printable(f"#{number}: {'; '.join(filter(None, parts))}"))
    return Code.OK
