"""Text in XML."""

from __future__ import annotations

import re
from typing import Final

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2: Char
REPLACEMENT: Final = "\ufffd"


def allowed_in_xml(text: str) -> str:
    """Return text with a replacement for each character that XML 1.0 forbids.

    >>> allowed_in_xml("a\\x00b")
    'a\ufffdb'
    """
    return _FORBIDDEN.sub(REPLACEMENT, text)
