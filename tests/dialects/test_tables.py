"""Field, message and code tables of the two editions, as public tables have them.

Sizes and classes are those on which independent public tables agree: 128 fields of 1987 and of 1993, with the lines
where one of them stands alone left to the others (1987: DE 93 has five characters, DE 96 eight bytes; 1993: DE 96 up to
999 bytes). DE 55 of 1987 is chip data, as cards took it, up to what its length can tell.
"""

from __future__ import annotations

import pytest

from acquirer.settings.specs import load_dialect
from acquirer.wire.message import DecodeError

FIELDS = {
    "iso8583-1987-ascii": """
2:n..19 3:n6 4:n12 5:n12 6:n12 7:n10 8:n8 9:n8 10:n8 11:n6 12:n6 13:n4 14:n4 15:n4 16:n4 17:n4 18:n4
19:n3 20:n3 21:n3 22:n3 23:n3 24:n3 25:n2 26:n2 27:n1 28:x+n8 29:x+n8 30:x+n8 31:x+n8 32:n..11
33:n..11 34:ns..28 35:z..37 36:z...104 37:an12 38:an6 39:an2 40:an3 41:ans8 42:ans15 43:ans40
44:an..25 45:ans..76 46:ans...999 47:ans...999 48:ans...999 49:an3 50:an3 51:an3 52:b8 53:n16
54:an...120 55:b...499 56:ans...999 57:ans...999 58:ans...999 59:ans...999 60:ans...999 61:ans...999
62:ans...999 63:ans...999 64:b8 66:n1 67:n2 68:n3 69:n3 70:n3 71:n4 72:n4 73:n6 74:n10 75:n10 76:n10
77:n10 78:n10 79:n10 80:n10 81:n10 82:n12 83:n12 84:n12 85:n12 86:n16 87:n16 88:n16 89:n16 90:n42
91:an1 92:an2 93:an5 94:an7 95:an42 96:b8 97:x+n16 98:ans25 99:n..11 100:n..11 101:ans..17
102:ans..28 103:ans..28 104:ans...100 105:ans...999 106:ans...999 107:ans...999 108:ans...999
109:ans...999 110:ans...999 111:ans...999 112:ans...999 113:ans...999 114:ans...999 115:ans...999
116:ans...999 117:ans...999 118:ans...999 119:ans...999 120:ans...999 121:ans...999 122:ans...999
123:ans...999 124:ans...999 125:ans...999 126:ans...999 127:ans...999 128:b8
""",
    "iso8583-1993-ascii": """
2:n..19 3:n6 4:n12 5:n12 6:n12 7:n10 8:n8 9:n8 10:n8 11:n6 12:n12 13:n4 14:n4 15:n6 16:n4 17:n4
18:n4 19:n3 20:n3 21:n3 22:an12 23:n3 24:n3 25:n4 26:n4 27:n1 28:n6 29:n3 30:n24 31:ans..99 32:n..11
33:n..11 34:ns..28 35:z..37 36:z...104 37:an12 38:an6 39:n3 40:n3 41:ans8 42:ans15 43:ans..99
44:ans..99 45:ans..76 46:ans...204 47:ans...999 48:ans...999 49:an3 50:an3 51:an3 52:b8 53:b..48
54:ans...120 55:b...255 56:n..35 57:n3 58:n..11 59:ans...999 60:ans...999 61:ans...999 62:ans...999
63:ans...999 64:b8 66:ans...204 67:n2 68:n3 69:n3 70:n3 71:n8 72:ans...999 73:n6 74:n10 75:n10
76:n10 77:n10 78:n10 79:n10 80:n10 81:n10 82:n10 83:n10 84:n10 85:n10 86:n16 87:n16 88:n16 89:n16
90:n10 91:n3 92:n3 93:n..11 94:n..11 95:ans..99 96:b...999 97:x+n16 98:ans25 99:an..11 100:n..11
101:ans..17 102:ans..28 103:ans..28 104:ans...100 105:n16 106:n16 107:n10 108:n10 109:ans..84
110:ans..84 111:ans...999 112:ans...999 113:ans...999 114:ans...999 115:ans...999 116:ans...999
117:ans...999 118:ans...999 119:ans...999 120:ans...999 121:ans...999 122:ans...999 123:ans...999
124:ans...999 125:ans...999 126:ans...999 127:ans...999 128:b8
""",
}

OTHERWISE = {  # where bytes stand behind a length as they are, it tells more of them
    "iso8583-1987-binary": {55: "b...999"},
    "iso8583-1987-ebcdic": {55: "b...999"},
    "iso8583-1993-bcd": {},
    "iso8583-1993-ebcdic": {},
}


def public(name: str) -> dict[int, str]:
    """The table of an edition: format by number."""
    return {int(de): written for de, _, written in (one.partition(":") for one in FIELDS[name].split())}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_those_of_the_edition(name: str) -> None:
    fields = load_dialect(name).fields
    assert sorted(fields) == [de for de in range(2, 129) if de != 65]
    assert {de: spec.format for de, spec in fields.items()} == public(name)


@pytest.mark.parametrize("name", OTHERWISE)
def test_other_encodings_have_the_same_fields(name: str) -> None:
    expected = public(f"{name.rpartition('-')[0]}-ascii") | OTHERWISE[name]
    assert {de: spec.format for de, spec in load_dialect(name).fields.items()} == expected


@pytest.mark.parametrize("name", [*FIELDS, *OTHERWISE])
def test_what_announces_a_third_bitmap_is_refused(name: str) -> None:
    """A parser cannot skip a field that it does not know."""
    dialect = load_dialect(name)
    frame = bytearray(dialect.encode("1804" if "1993" in name else "0800", {11: "000001", 70: "301"}))
    at = dialect.grammar.envelope_bytes + dialect.grammar.mti_bytes + dialect.grammar.bitmap_bytes
    high = {"ascii": b"8", "ebcdic": b"\xf8"}.get(dialect.grammar.bitmap_encoding)
    frame[at] = high[0] if high else frame[at] | 0x80
    with pytest.raises(DecodeError, match="bit 65 is set, but this dialect has no third bitmap"):
        dialect.decode(bytes(frame))


def test_message_types_of_both_editions_have_names() -> None:
    mtis = {int(mti) for mti in load_dialect("iso8583-1987-ascii").mtis}
    assert {302, 312, 322, 332, 402, 412, 422, 432, 502, 512, 522, 532, 620, 630, 820, 830} <= mtis
    mtis = {int(mti) for mti in load_dialect("iso8583-1993-ascii").mtis}
    assert {1324, 1334, 1422, 1432, 1502, 1512, 1522, 1532, 1624, 1634, 1720, 1730, 1740, 1824, 1834} <= mtis
    assert not {1400, 1410} & mtis  # 1993 has reversals as advices only


@pytest.mark.parametrize(
    ("name", "successes"),
    [
        ("iso8583-1987-ascii", {"26"}),
        (
            "iso8583-1993-ascii",
            {"000", "007", "300", "303", "400", "500", "501", "502", "503", "504", "600", "605", "700", "800", "900"},
        ),
    ],
)
def test_answers_that_are_no_failures(name: str, successes: set[str]) -> None:
    codes = load_dialect(name).codes
    assert {code for code in successes if codes[code].kind != "A"} == set()


def test_values_that_public_tables_name() -> None:
    first, later = (load_dialect(name).values for name in FIELDS)
    assert [first["settlement"][code].en for code in "123"] == ["in balance", "out of balance", "error"]
    assert {"00", "01", "02", "03", "04", "05"} <= first["card_entry"].keys()
    assert {"04", "07", "10", "11", "12", "14", "15", "59"} <= first["condition"].keys()
    assert {"201", "202", "205", "500", "504", "822"} <= later["function"].keys()
    assert {f"40{number:02}" for number in (0, 1, 2, 3, 4, 5, 6, 7, 8, *range(10, 22))} == later[
        "message_reason"
    ].keys()
    assert later["authentication_capability"]["5"].en != later["authentication"]["5"].en
    for table in (first, later):
        assert {"000000", "010000", "090000", "200000", "300000", "310000", "400000"} <= table["processing_code"].keys()
        assert table["account"].keys() == {"00", "10", "20", "30", "40", "50"}
