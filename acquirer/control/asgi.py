"""The shapes of ASGI: how a server hands a request to an application, and what comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

AsgiMessage = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]
AsgiApplication = Callable[[MutableMapping[str, Any], AsgiReceive, AsgiSend], Awaitable[None]]
