"""The slip as a page of its own: one HTML file without links, which a shop may send; it prints on narrow paper."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from io import BytesIO
from typing import Final

from acquirer.slip.layout import DOTS_OF, DOTS_PER_MM, Ink, PlacedInk, lay_out
from acquirer.slip.paper import COLUMNS
from acquirer.slip.picture import scaled
from acquirer.slip.sheet import SlipRow
from acquirer.slip.words import E_SLIP, SIGN_HERE, Language

PAPER_MM: Final = {32: 58, 48: 80}
"""Width of the paper, by columns of its text."""

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
"""Nothing is loaded from anywhere."""

_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0; padding: 1.5rem 0; background: #e8e8e4; color: #111;
  font: 15px/1.45 AcquirerSlip, "Noto Sans Mono CJK SC", "Noto Sans Mono", Menlo, Consolas, monospace; }
main { box-sizing: border-box; width: var(--paper); max-width: 100%; margin: 0 auto; padding: 1.6rem 1.3rem;
  background: #fff; box-shadow: 0 1px 6px #0003; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.7em; font-weight: 500; line-height: 1.3; text-align: center; }
p { margin: .12em 0; }
.centre, .loud { text-align: center; }
.loud { font-size: 1.25em; font-weight: 600; }
.pair { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 1em; }
.pair span + span { margin-left: auto; text-align: right; }
.amount { align-items: baseline; }
.amount span + span { font-size: 1.7em; font-weight: 500; }
hr { border: 0; border-top: 1px dashed #555; margin: .55em 0; }
img { display: block; margin: .4em auto; max-width: 100%; image-rendering: pixelated; }
.pen { height: 4.5em; }
@page { margin: 0; }
@media print { body { padding: 0; background: none; font-size: 8.2pt; } main { box-shadow: none; padding: 3mm 4mm; } }
"""


def as_page(
    rows: Iterable[SlipRow],
    ink: Ink | None = None,
    *,
    lang: Language = "both",
    columns: int = COLUMNS,
    font: bytes = b"",
) -> str:
    """Return the slip as an HTML page with everything in it; without `ink` there is room for a pen.

    Args:
        font: of TrueType, with its characters, so that it looks the same everywhere; b"": the reader's own.

    Raises:
        ValueError: more rows than a slip has.
    """
    known = tuple(rows)
    layout = lay_out(known, columns, ink)
    picture = _picture(layout.ink, ink)
    height_mm = layout.height * 5 // 4 // DOTS_PER_MM + 10  # lines of a page are farther from each other
    title = escape(E_SLIP.say(lang, "{zh} {en}"))
    screen_px = DOTS_OF[columns] + 36
    body = "\n".join(_element(row, picture, lang) for row in known)
    return f"""<!doctype html>
<html lang="{"en" if lang == "en" else "zh-CN"}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{title}</title>
<style>{_face(font)}{_STYLE}main {{ --paper: {screen_px}px; }}
@media print {{ main {{ --paper: {PAPER_MM[columns]}mm; }} }}
@page {{ size: {PAPER_MM[columns]}mm {height_mm}mm; }}
</style>
<main>
{body}
</main>
</html>
"""


def _face(font: bytes) -> str:
    if not font:
        return ""
    return f"@font-face {{ font-family: AcquirerSlip; src: url(data:font/ttf;base64,{b64encode(font).decode()}); }}\n"


def _element(row: SlipRow, picture: str, lang: Language) -> str:
    text, value = escape(row.text), escape(row.value)
    match row.role:
        case "rule":
            return "<hr>"
        case "title":
            return f"<h1>{text}</h1>"
        case "centre" | "loud":
            return f'<p class="{row.role}">{text}</p>'
        case "signature":
            if picture:
                return f'<img alt="{escape(SIGN_HERE.say(lang, "{zh}"))}" src="data:image/png;base64,{picture}">'
            return f'<p class="centre">{text}</p>' if text else '<p class="pen"></p>'
    if not value:
        return f"<p>{text}</p>"
    amount = " amount" if row.role == "amount" else ""
    return f'<p class="pair{amount}"><span>{text}</span><span>{value}</span></p>'


def _picture(place: PlacedInk | None, ink: Ink | None) -> str:
    """Return the signature as PNG in Base64; "" where the slip has no place for it, or there is none."""
    if place is None or ink is None:
        return ""
    out = BytesIO()
    scaled(ink, place).save(out, "PNG", optimize=True)
    return b64encode(out.getvalue()).decode()
