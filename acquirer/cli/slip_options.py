"""What options say of a slip: its language, whose copy it is, the columns of its paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.slip.layout import Ink
    from acquirer.slip.sheet import Sheet
    from acquirer.slip.words import Copy, Language
    from acquirer.terminal.voucher import Voucher


def language(text: str) -> Language:
    """Return the language of a slip by its name. Raises Exit."""
    from acquirer.slip.words import LANGUAGES

    for known in LANGUAGES:
        if known == text:
            return known
    raise Exit(Code.USAGE, f"--lang {text}: slips are printed in {_or(LANGUAGES)}")


def copy_named(text: str) -> Copy:
    """Return whose copy it is, by its name. Raises Exit."""
    from acquirer.slip.words import COPIES

    for known in COPIES:
        if known == text:
            return known
    raise Exit(Code.USAGE, f"--copy {text}: a slip is the {_or(COPIES)}'s")


def columns_of(number: int) -> int:
    """Return the columns of a paper that there is. Raises Exit."""
    from acquirer.slip.paper import WIDTHS

    if number not in WIDTHS:
        raise Exit(Code.USAGE, f"--columns {number}: paper has {_or([str(one) for one in WIDTHS])} columns")
    return number


def _or(words: Sequence[str]) -> str:
    """Return words with "or" before the last one."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


STATE = Path("acquirer-terminals")
"""Where terminals keep their state by default: beside the host's database, in the working directory."""

TidOption = Annotated[str, typer.Option(metavar="TID", help="Terminal number.")]
StateOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the terminal keeps its state.")]


class SlipFile(NamedTuple):
    """A file that a slip is written to, and the form that it gets."""

    path: Path
    form: str


def check_files(files: Sequence[Path] | None, picture: Path | None = None) -> list[SlipFile]:
    """Return files that slips can be written to, before anything is done; `picture` is a PNG under any name.

    Raises:
        Exit: a name asks for a form that there is not, or that needs what is not installed.
    """
    if not files:
        return [SlipFile(picture, ".png")] if picture else []
    from acquirer.app.slip_files import check_form
    from acquirer.errors import ConfigurationError

    try:
        known = [SlipFile(file, check_form(file)) for file in files]
    except ConfigurationError as error:
        raise Exit(Code.USAGE, f"{error}.") from None
    return [*([SlipFile(picture, ".png")] if picture else []), *known]


def write_slips(files: Sequence[SlipFile], sheet: Sheet, ink: Ink | None, lang: Language, columns: int = 32) -> None:
    """Write a slip to files. Raises Exit."""
    if not files:
        return
    from acquirer.app.slip_files import slip_bytes
    from acquirer.errors import ConfigurationError
    from acquirer.settings.private_file import write_private

    for file in files:
        try:
            write_private(file.path, slip_bytes(file.form, sheet, ink, lang=lang, columns=columns))
        except ConfigurationError as error:
            raise Exit(Code.USAGE, f"{error}.") from None
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise Exit(Code.USAGE, f"{file.path}: the slip cannot be written: {why}") from None


def write_voucher(
    files: Sequence[SlipFile], voucher: Voucher, lang: Language, copy: Copy = "merchant", columns: int = 32
) -> None:
    """Write a slip to files, each in the form that its name asks for. Raises Exit."""
    if not files:
        return
    from acquirer.terminal.printing import signature_of, slip_sheet

    write_slips(files, slip_sheet(voucher, copy, lang), signature_of(voucher), lang, columns)
