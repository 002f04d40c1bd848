"""Type aliases that several rooms share, each defined here once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

Randbytes = Callable[[int], bytes]
"""A source of randomness: given a number of bytes, it returns that many. Handed in wherever randomness is needed."""

MakForm = Literal["single", "double", "duplicated"]
"""How a terminal takes its MAC key: 8 bytes, 16 bytes, or 8 bytes sent twice."""

Row = tuple[Any, ...]
"""A row of a database table: its values in the order of the table's columns."""
