"""For tests, ours and other people's: a ready host in the background, with its journal to assert on.

>>> from acquirer.testing import running_host
>>> with running_host() as host:
...     print(host.address.rpartition(":")[0])
127.0.0.1
"""

from acquirer.testing.host import RunningHost, running_host
from acquirer.testing.journal import Journal

__all__ = ["Journal", "RunningHost", "running_host"]
