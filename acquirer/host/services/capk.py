"""CA public keys (IC卡公钥下载): which there are, each of them, and the end.

UnionPay: 0820 function 372 (373: of SM2), 0800 functions 370 and 371.
"""

from __future__ import annotations

from typing import Final

from acquirer.downloads.ca_keys import read_key_name, write_key, write_key_list
from acquirer.downloads.lists import page_of, read_query
from acquirer.host.case import Case
from acquirer.host.decision import Decision
from acquirer.host.downloading import answer, fetched, read_wanted
from acquirer.host.explain import downloads as why
from acquirer.host.registry import service

NONE: Final = b"0"
SM2_QUERY: Final = "373"


@service("capk_query")
def capk_query(case: Case) -> Decision:
    """List the keys behind those that the terminal knows of."""
    host = case.host
    received = read_wanted(case, read_query)
    if host.read.function(case.fields) == SM2_QUERY:
        return answer(case, why.no_sm2(), NONE)
    keys, forms = tuple(host.downloads.keys.values()), host.dialect.downloads
    page = page_of(keys, received, forms.page)
    sentence = why.page_handed_out(page, len(keys), "CA public keys")
    return answer(case, sentence, write_key_list(page.control, page.entries, forms.expiry))


@service("capk")
def capk(case: Case) -> Decision:
    """Hand out one key."""
    name = read_wanted(case, read_key_name)
    keys = case.host.downloads.keys
    if name not in keys:
        return answer(case, why.key_unknown(name, keys), NONE)
    key = keys[name]
    return answer(
        case, why.key_handed_out(name, 8 * len(key.modulus)), write_key(key, case.host.dialect.downloads.expiry)
    )


@service("capk_end")
def capk_end(case: Case) -> Decision:
    """Note that the terminal has the keys."""
    return fetched(case, "capk")
