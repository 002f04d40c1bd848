"""One file per service: what a host does about one kind of request.

Importing this package imports all of them; each registers itself (`acquirer.host.registry`).
"""

from importlib import import_module
from pkgutil import iter_modules

from acquirer.host.registry import SERVICES

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["SERVICES"]
