"""All rows of the catalogue, in the order of its page."""

from __future__ import annotations

from tests.mistakes import (
    content_rows,
    dukpt_rows,
    field_rows,
    framing_rows,
    further_iso_rows,
    further_rows,
    iso_rows,
    key_rows,
    mac_rows,
    more_iso_rows,
    more_rows,
    pin_rows,
    sale_rows,
    sign_on_rows,
    signature_rows,
    track_rows,
)
from tests.mistakes.row import Mistake

ROWS: tuple[Mistake, ...] = (
    *framing_rows.ROWS,
    *field_rows.ROWS,
    *content_rows.ROWS,
    *mac_rows.ROWS,
    *key_rows.ROWS,
    *pin_rows.ROWS,
    *track_rows.ROWS,
    *sign_on_rows.ROWS,
    *sale_rows.ROWS,
    *signature_rows.ROWS,
    *iso_rows.ROWS,
    *dukpt_rows.ROWS,
    *more_rows.ROWS,
    *more_iso_rows.ROWS,
    *further_rows.ROWS,
    *further_iso_rows.ROWS,
)
