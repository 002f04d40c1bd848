"""Problems name all that is wrong with a request, and nothing that only follows from it."""

from __future__ import annotations

from typing import Any

import pytest

from acquirer.control import mistakes
from acquirer.control.mistakes import Mistakes
from acquirer.control.problems import MOST_ERRORS
from acquirer.data.toml import DataError, Document
from tests.control.controlled import ControlledHost

MID, TMK = "880210010210162", "0123456789ABCDEFFEDCBA9876543210"  # published for tests
CODE = {"code": "51"}
KEYS = {"tid": "77000001", "mid": MID, "tmk": TMK}


BODIES: list[tuple[str, str, Any, list[str]]] = [
    ("POST", "/rules", [{"name": "a", "then": {"code": "Z9"}}, 3, {"then": CODE}, {"name": "x"}],
     ["/0/then/code", "/1", "/2/name", "/3/then"]),
    ("POST", "/rules", {"name": "", "times": 0, "priorty": 3, "when": {"service": "sael", "amunt": ">1"}, "then": CODE},
     ["/name", "/priorty", "/times", "/when/amunt", "/when/service"]),
    ("POST", "/rules", {"name": "a", "then": {"answers": ["ZZ", "00", "51", "YY"], "cod": "51", "order": "randm"}},
     ["/then/answers/0", "/then/answers/3", "/then/cod", "/then/order"]),
    ("POST", "/rules",
     {"name": "a", "scenario": "", "state": "", "next": 3, "seed": "x", "enabled": 1, "then": {"set": {"de.44": 3}}},
     ["/enabled", "/next", "/scenario", "/seed", "/state", "/then/set/de.44"]),
    ("PUT", "/rules/a", {"then": {"code": "Z9"}, "times": "x"}, ["/then/code", "/times"]),
    ("POST", "/faults", [{"kind": "silnt", "tid": "1"}, {"kind": "late", "after": "x", "tid": "1", "servce": "sale"}],
     ["/0/kind", "/1/after", "/1/servce", "/1/tid"]),
    ("POST", "/faults", {"kind": "wrong_amount", "to": "x", "count": "y", "when": {"service": "sael"}},
     ["/count", "/to", "/when/service"]),
    ("POST", "/faults", {"kind": "silent", "when": {"service": "sael", "amount": "q"}},
     ["/when/amount", "/when/service"]),
    ("POST", "/terminals", [{"tid": "1", "mid": "2", "tmk": "xx", "policy": {"required": "x"}}, {"mid": MID}],
     ["/0/mid", "/0/policy/required", "/0/tid", "/0/tmk", "/1/tid"]),
    ("POST", "/terminals", [KEYS, KEYS, KEYS], ["/1/tid", "/2/tid"]),
    ("POST", "/terminals", {"tid": "1", "mid": "2"}, ["/mid", "/tid"]),
    ("POST", "/terminals", {"terminal": [{"tid": "1", "tmk": TMK}]}, ["/terminal/0/mid", "/terminal/0/tid"]),
    ("PATCH", "/terminals/10000161", {"police": 1, "name": 3, "policy": {"grace_s": -1}},
     ["/name", "/police", "/policy/grace_s"]),
    ("PATCH", "/terminals/10000161", {"tid": None, "mid": None}, ["/mid", "/tid"]),
    ("POST", "/terminals/10000161/rotate-master-key", {"tmk": "xx", "x": 1, "tmk_cipher": "des"},
     ["/tmk", "/tmk_cipher", "/x"]),
    ("POST", "/populate",
     {"rule": [{"name": "a", "then": {"code": "Z9"}}, {"name": "b"}], "fault": [{"kind": "x"}],
      "card": [{"name": "A", "pan": "1", "foo": 1}, {"name": "b"}], "terminal": [{"tid": "1"}]},
     ["/card/0/foo", "/card/0/name", "/card/0/pan", "/card/1/pan", "/fault/0/kind", "/rule/0/then/code",
      "/rule/1/then", "/terminal/0/mid", "/terminal/0/tid"]),
    ("POST", "/populate", {"pack": ["x", "day-end", "y"]}, ["/pack/0", "/pack/2"]),
    ("POST", "/journal/wait", {"when": {"service": "sael", "amunt": "1"}, "timeout": "x"},
     ["/timeout", "/when/amunt", "/when/service"]),
    ("POST", "/journal/count", {"when": {"service": "sael", "amunt": "1"}}, ["/when/amunt", "/when/service"]),
    ("POST", "/journal/verify", {"count": "x", "strict": True, "for": "59s"}, ["/count", "/for", "/strict"]),
    ("POST", "/journal/verify", {"order": ["sael", {"x": 1}, "sale", "code=("], "within": "70s", "count": 1},
     ["/count", "/order/0/service", "/order/1/x", "/order/3", "/within"]),
    ("POST", "/explain", {"message": "xyz", "dialect": "foo"}, ["/dialect", "/message"]),
    ("POST", "/reset?what=a,b,rules", {}, ["query/what", "query/what"]),
    ("GET", "/journal?fliter=x&limt=3", None, ["query/fliter", "query/limt"]),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "pointers"), BODIES)
def test_all_mistakes_are_named(
    shared: ControlledHost, method: str, path: str, body: object, pointers: list[str]
) -> None:
    answer = shared.ask(method, path, body)
    assert (answer.status, sorted(answer.pointers)) == (422, pointers), answer.text
    first = answer.json["errors"][0]
    assert first["detail"] in answer.json["detail"]
    assert f"({len(pointers) - 1} more problem" in answer.json["detail"]


def test_lines_of_a_file_are_named(shared: ControlledHost) -> None:
    text = b'[[rule]]\nname = "a"\nthen = { code = "Z9" }\n[[rule]]\nname = "b"\ntimes = 0\nthen = { code = "51" }\n'
    errors = shared.post("/populate", text, Content_Type="application/toml").json["errors"]
    assert [(one["pointer"], one["detail"][:8]) for one in errors] == [
        ("/rule/0/then/code", "line 3: "), ("/rule/1/times", "line 6: ")
    ]  # fmt: skip


def test_all_names_that_are_taken_are_named(host: ControlledHost) -> None:
    for path, one in (("/rules", {"name": "a", "then": CODE}), ("/faults", {"name": "a", "kind": "silent"})):
        refused = host.post(path, [one, one, {**one, "name": "b"}, one])
        assert (refused.status, refused.pointers) == (409, ["/1/name", "/3/name"])
        assert host.post(path, one).status == 201
        assert host.post(path, one).pointers == ["/name"]


def test_no_more_are_named_than_anyone_reads(shared: ControlledHost) -> None:
    many = [{"name": f"rule {number}", "then": {"code": "Z9"}} for number in range(1_000)]
    assert len(shared.post("/rules", many).pointers) == MOST_ERRORS
    fields = {f"x{number}": 1 for number in range(1_000)}
    for path, body in (("/rules", {"name": "a", "then": CODE, **fields}), ("/held/resume", fields)):
        refused = shared.post(path, body)
        assert len(refused.pointers) == MOST_ERRORS
        assert "more" in refused.json["detail"]


def test_mistakes_are_not_looked_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mistakes, "LONGEST_S", 0.0)
    found = Mistakes()
    reads = []

    def read(table: dict[str, Any]) -> None:
        reads.append(table)
        for key in table:
            raise DataError("x", 0, key, "no")

    found.note_table("", {"a": 1, "b": 2}, read)
    assert (found.pointers, len(reads)) == ([("/a", "no")], 1), "the first one is known, and is enough then"


def test_when_enough_is_known_nothing_is_read_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mistakes, "LONGEST_S", 1e9)
    found = Mistakes()
    reads = []

    def read(document: Document) -> None:
        reads.append(document)
        raise DataError("x", 0, "rule[0].name", "no")

    assert found.section(Document("x", {"rule": [{"name": 1}] * 1_000}, {}), "rule", read, {}) is None
    assert (len(found.pointers), len(reads)) == (MOST_ERRORS, 1 + 2 * MOST_ERRORS - 1)


def test_a_reader_that_never_ends_to_refuse_is_not_read_for_ever() -> None:
    def read(_table: object) -> None:
        raise DataError("x", 0, "a.b[3].c", "no")

    found = Mistakes()
    found.note_table("/0", {"a": {"b": [1, 2]}}, read, {("a",): 1})
    assert found.pointers == [("/0/a/b/3/c", "no")]


def test_what_is_left_of_a_list_keeps_its_places() -> None:
    def read(table: dict[str, Any]) -> None:
        for place, value in enumerate(table["list"]):
            if value % 2:
                raise DataError("x", 0, f"list[{place}]", f"{value} is odd")

    found = Mistakes()
    table = {"list": [1, 2, 3, 5, 6, 7]}
    found.note_table("", table, read)
    assert [pointer for pointer, _ in found.pointers] == ["/list/0", "/list/2", "/list/3", "/list/5"]
    assert table == {"list": [1, 2, 3, 5, 6, 7]}, "what a client has sent stays as it was"
