"""Every shipped dialect against pyiso8583, which knows the format from the TOML file alone: the same bytes and values.

The specification pyiso8583 is given here is written anew from the file, not by the code under test.
"""

from __future__ import annotations

import copy
import re
import tomllib
from typing import Any

import iso8583
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.wire.deframer import make_deframer
from acquirer.wire.message import DecodeError

CHARSETS = {"ascii": "latin-1", "ebcdic": "cp500"}
DIGITS, LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHABETS = {"n": DIGITS, "z": DIGITS + "D", "h": DIGITS + "ABCDEF", "b": ""}


def merged(name: str) -> dict[str, Any]:
    """The TOML tables of a dialect over those it extends, as the manual says: keys replace keys, false takes away."""

    def over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
        out = dict(base)
        for key, value in own.items():
            if isinstance(value, dict) and isinstance(base.get(key), dict):
                out[key] = over(base[key], value)
            elif value is False and not isinstance(base.get(key, False), bool):
                del out[key]
            else:
                out[key] = value
        return out

    own = tomllib.loads((specs_dir() / f"{name}.toml").read_text(encoding="utf-8"))
    return over(merged(own["extends"]), own) if "extends" in own else own


def specification(tables: dict[str, Any]) -> dict[str, Any]:
    """What pyiso8583 wants to know of a dialect."""
    encoding, padding = tables["encoding"], tables.get("padding", {})

    def charset(how: str) -> str:
        return "b" if how in ("binary", "bcd") else CHARSETS[how]

    head = {"len_enc": "b", "len_type": 0, "desc": ""}
    bits = 8 if encoding["bitmap"] == "binary" else 16
    spec: dict[str, Any] = {
        "h": {"data_enc": "b", "max_len": 0, **head},
        "t": {"data_enc": charset(encoding["mti"]), "max_len": 4, **head},
        "p": {"data_enc": charset(encoding["bitmap"]), "max_len": bits, **head},
        "1": {"data_enc": charset(encoding["bitmap"]), "max_len": bits, **head},
    }
    for de, field in tables["fields"].items():
        kind, dots, size = re.fullmatch(r"(x\+n|[a-z]+)(\.*)(\d+)", field["format"]).groups()
        class_ = {"n": "n", "h": "n", "x+n": "n", "z": "z", "b": "b"}.get(kind, "text")
        keys = ["z", "n"] if class_ == "z" else ["b_variable", "b"] if class_ == "b" and dots else [class_]
        how = field.get("encoding") or next(encoding[key] for key in keys if key in encoding)
        length = field.get("length", encoding["length"])
        packed = how == "bcd" and kind != "x+n"
        most = int(size) * (2 if kind == "b" and how != "binary" else 1)
        if kind == "x+n":
            most = 1 + ((int(size) + 1) // 2 if how == "bcd" else int(size))
        which = "z" if kind == "z" else "n_variable" if dots else "n_fixed"
        side, pads = field.get("pad", padding.get(which, "right 0")).split()
        spec[de] = {
            "data_enc": charset(how),
            "len_enc": {"binary": "b", "bcd": "bcd"}.get(length) or CHARSETS[length],
            "len_type": len(dots) if length in CHARSETS else (len(dots) + 1) // 2,
            "len_count": "nibbles" if packed else "bytes",
            "max_len": most,
            f"{side}_pad": pads[0],
            "desc": "",
        }
    return spec


def values(format_: str, equals: bool) -> st.SearchStrategy:
    """Values of a format; `equals`: a track is text, and its separator an equals sign."""
    kind, dots, size = re.fullmatch(r"(x\+n|[a-z]+)(\.*)(\d+)", format_).groups()
    sizes = {"min_size": 0 if dots else int(size), "max_size": min(int(size), 60) if dots else int(size)}
    if kind == "b":
        return st.binary(**sizes)
    if kind == "x+n":
        return st.tuples(st.sampled_from("CD"), st.text(DIGITS, **sizes)).map("".join)
    alphabet = ALPHABETS.get(kind, DIGITS + LETTERS + " -/")
    return st.text(alphabet.replace("D", "=") if kind == "z" and equals else alphabet, **sizes)


@pytest.mark.slow
@pytest.mark.parametrize("name", dialect_names())
def test_the_same_as_pyiso8583(name):
    dialect, tables = load_dialect(name), merged(name)
    spec = specification(tables)
    equals = tables["encoding"].get("z", tables["encoding"]["n"]) != "bcd"
    messages = st.fixed_dictionaries(
        {}, optional={int(de): values(field["format"], equals) for de, field in tables["fields"].items()}
    )

    @settings(max_examples=40)
    @given(st.sampled_from(sorted(tables["mtis"])), messages, st.integers(0, 5))
    def holds(mti, fields, cut):
        frame = dialect.encode(mti, fields)
        envelope = dialect.grammar.envelope_bytes
        texts = {"t": mti} | {
            str(de): value.hex().upper()
            if isinstance(value, bytes)
            else value[0].encode(CHARSETS[tables["encoding"]["text"]]).hex() + value[1:]
            if spec[str(de)]["data_enc"] == "b"
            and value[:1] in ("C", "D")
            and "x+n" in tables["fields"][str(de)]["format"]
            else value
            for de, value in fields.items()
        }
        theirs, _ = iso8583.encode(copy.copy(texts), spec)
        assert frame[envelope:] == bytes(theirs)
        message = dialect.decode(frame)
        assert (message.mti, message.fields) == (mti, fields)
        decoded, _ = iso8583.decode(frame[envelope:], spec)
        assert {key: text for key, text in decoded.items() if key.isdecimal() and key != "1"} == {
            key: text for key, text in texts.items() if key != "t"
        }
        if cut:  # what ends too early is refused by both
            with pytest.raises(DecodeError):
                dialect.decode(frame[:-cut])

    holds()


@pytest.mark.parametrize("name", dialect_names())
def test_every_sample_goes_there_and_back(name):
    dialect = load_dialect(name)
    assert dialect.samples
    for sample in dialect.samples:
        deframer = make_deframer(dialect.framing)
        deframer.feed(bytes.fromhex(sample.hex))
        (frame,) = deframer
        message = dialect.decode(frame)
        assert dialect.encode(message.mti, message.fields, *dialect.envelope_of(frame)) == frame
        assert dialect.framing.wrap(frame).hex().upper() == sample.hex
