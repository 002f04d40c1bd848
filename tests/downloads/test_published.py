"""The management messages that were published: our host answers each request with the very bytes of its reply.

Its terminal, clock and reference numbers are theirs, and its data hold what theirs held.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acquirer.downloads.aids import Aid, read_aid, read_aid_list, write_aid, write_aid_list, write_aid_name
from acquirer.downloads.ca_keys import read_key, read_key_list, write_key, write_key_name
from acquirer.downloads.contactless import read_contactless, write_contactless
from acquirer.downloads.lists import read_card_page, write_card_page
from acquirer.downloads.parameters import read_parameters, write_parameters
from acquirer.testing.rig import Rig

PAGE = Path(__file__).parents[1] / "dialects/unionpay_messages.toml"
MESSAGES: dict[str, dict[str, Any]] = {}
for _message in tomllib.loads(PAGE.read_text(encoding="utf-8"))["message"]:
    MESSAGES.setdefault(_message["title"] + " captured" * _message.get("captured", False), _message)
TID, MID = "58402001", "302440380621100"
REQUESTS = (
    "CAPK query", "CAPK download", "CAPK download end", "AID query", "AID download", "Parameter download",
    "Status upload", "Contactless parameters", "BIN table B",
)  # fmt: skip


def frame_of(title: str) -> bytes:
    return bytes.fromhex("".join(MESSAGES[title]["hex"].split()))[2:]


def content(title: str) -> bytes:
    """What DE 62 of a message holds."""
    return bytes.fromhex(MESSAGES[title]["fields"]["62"])


@pytest.mark.parametrize("title", REQUESTS)
def test_the_host_builds_the_published_reply(folder: Path, title: str) -> None:
    reply = MESSAGES[f"{title} reply"]
    at = datetime.strptime(f"2026{reply['fields']['13']}{reply['fields']['12']}", "%Y%m%d%H%M%S")
    rig = Rig(at=at.replace(tzinfo=ZoneInfo("Asia/Shanghai")).isoformat(), downloads=folder)
    rig.register(TID, mid=MID)
    rig.store.numbers = iter([int(reply["fields"]["37"])])
    assert rig.send(frame_of(title)).message.raw == frame_of(f"{title} reply")


def test_the_blacklist_of_it_is_built_again() -> None:
    """Its card numbers have no check digit, so no host takes them from a file."""
    control, last, cards = read_card_page(content("Blacklist reply"), "length2-digits")
    assert (control, last, [length for length, _ in cards]) == ("1", 2, [16, 19])
    assert write_card_page(cards, 0, 10, "length2-digits")[0] == content("Blacklist reply")


def test_no_keys_at_all(folder: Path) -> None:
    (folder / "capk.toml").write_text("", encoding="utf-8")
    rig = Rig(downloads=folder)
    rig.register(TID, mid=MID)
    answer = rig.send(frame_of("CAPK query"))
    assert (answer.code, answer[62]) == ("00", content("CAPK query reply, nothing"))
    assert answer.why == "no CA public keys here"


def test_what_a_terminal_reads_is_built_again() -> None:
    parameters = read_parameters(content("Parameter download reply"))
    assert (parameters["merchant_name"], parameters["tip_percent"]) == ("测试商户", 15)
    assert write_parameters(parameters) == content("Parameter download reply")
    contactless = read_contactless(content("Contactless parameters reply"), "text")
    assert write_contactless(contactless, "text") == content("Contactless parameters reply")


@pytest.mark.parametrize("title", ["CAPK download reply", "CAPK download reply (test key 08) captured"])
def test_a_key(title: str) -> None:
    if title not in MESSAGES:
        title = next(name for name in MESSAGES if name.startswith("CAPK download reply") and name.endswith("captured"))
    key = read_key(content(title))
    assert key is not None
    assert key.check_problem == ""
    assert write_key(key, "text") == content(title)
    damaged = replace(key, check_value=bytes(20))
    assert damaged.check_problem.startswith(f"the check value of CA public key {key.name} (DF03) is 0000000000")
    assert content("CAPK download") == write_key_name(read_key(content("CAPK download reply")).name)


def test_lists() -> None:
    for title, read in (("CAPK query reply", read_key_list), ("AID query reply", read_aid_list)):
        for name in (one for one in MESSAGES if one.startswith(title) and "nothing" not in one):
            control, entries = read(content(name))
            assert control == "1"
            assert len(entries) in (2, 4, 5, 10)
    control, aids = read_aid_list(content("AID query reply"))
    assert write_aid_list(control, [Aid(one, ()) for one in aids]) == content("AID query reply")


def test_applications() -> None:
    for title in (one for one in MESSAGES if one.startswith("AID download reply")):
        aid = read_aid(content(title))
        assert aid is not None
        assert write_aid(aid) == content(title)
    assert write_aid_name("A000000333010101") == content("AID download")
