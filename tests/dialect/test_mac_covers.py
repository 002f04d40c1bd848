"""Which bytes a wrong MAC covers: each mistake with them is made once, alone or with another, and is named."""

from dataclasses import replace

import pytest

from acquirer.dialect.mac_covers import mac_covers
from acquirer.dialect.suite import Suite
from acquirer.security.candidates import SLICE_TRIALS, TRIALS_MOST, fewest_mistakes_first, finished
from acquirer.security.key_candidates import key_candidates
from acquirer.security.mac import MAC_ALGORITHMS
from acquirer.security.mac_ways import mac_ways
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.wire.coverage import COVERAGES
from acquirer.wire.grammar import CHARSETS

OLD = WorkingKeys(Secret.from_hex("73575E29D00B19757ADC854C23D0EAE6"), Secret.from_hex("313215FDA2C4AB4C"))
DOUBLE = WorkingKeys(
    Secret.from_hex("D931648F3DE313A4A22C15DCA4F4299E"),
    Secret.from_hex("9CAA6FBFE5E5A51AE8C99FA2371ACAA9"),
    Secret.from_hex("C9A0F37E18EA3FF71E3BDA58ACCEFCE0"),
)

ecb = MAC_ALGORITHMS["unionpay-ecb"]


def found(suite, frame, mac, candidates, tmk=None):
    dialect = suite.dialect
    return finished(suite.diagnose_mac(dialect.decode(dialect.with_mac(frame, mac)), candidates, tmk))


COVERED = [
    ("TPDU and head too (79 bytes)", lambda frame: frame[:-8]),
    ("the head too (74 bytes)", lambda frame: frame[5:-8]),
    ("the MAB without the MTI (66 bytes)", lambda frame: frame[13:-8]),
    ("the frame with its length (81 bytes)", lambda frame: b"\x00\x57" + frame[:-8]),
    ("before bit 64 is set", lambda frame: frame[11:20] + bytes((frame[20] & 0xFE,)) + frame[21:-8]),
    ("the MAB as hex text (136 bytes)", lambda frame: frame[11:-8].hex().upper().encode()),
    ("the MAB padded with 80 before the zeros (69 bytes)", lambda frame: frame[11:-8] + b"\x80"),
    ("the MAC's own place too, filled with spaces (76 bytes)", lambda frame: frame[11:-8] + b" " * 8),
    ("the MAC's own place too, filled with digits 0 (76 bytes)", lambda frame: frame[11:-8] + b"0" * 8),
    ("the MAB as hex text in lower case (136 bytes)", lambda frame: frame[11:-8].hex().encode()),
]


@pytest.mark.parametrize(("says", "of"), COVERED)
def test_other_bytes(suite, keys, sale, says, of):
    sentence = found(suite, sale, ecb(keys.mak, of(sale)), [("current", keys)])
    assert says in sentence
    assert "under the same MAK matches: the terminal covers" in sentence


def test_a_place_of_zeros_shows_only_where_padding_counts_blocks(dialect, sale):
    """Zeros vanish in a fold; CBC-MACs see them."""
    suite = Suite(replace(dialect, security=replace(dialect.security, mac="unionpay-cbc")))
    mac = suite.mac_algorithm(DOUBLE.mak, suite.dialect.covered(sale) + bytes(8))
    sentence = found(suite, sale, mac, [("current", DOUBLE)])
    assert "the MAC's own place too, filled with zeros (76 bytes)" in sentence


@pytest.mark.parametrize(("says", "of"), COVERED)
@pytest.mark.parametrize("name", ["x9.19-hex", "unionpay-ecb"])
def test_two_mistakes_at_once(suite, sale, says, of, name):
    """Other bytes, and another key or another algorithm."""
    other = name != "unionpay-ecb"
    if other and "padded" in says:
        return  # that is an algorithm of its own, and found as such
    maker = DOUBLE if other else OLD
    mac = MAC_ALGORITHMS[name](maker.mak, of(sale))
    sentence = found(suite, sale, mac, [("current", DOUBLE), ("previous", OLD)])
    assert says in sentence
    assert ("the terminal uses MAC algorithm x9.19" if other else "the terminal kept its old key") in sentence


def test_the_work_is_bounded(suite, tmk, sale):
    message = suite.dialect.decode(sale)
    candidates = [("current", DOUBLE), ("previous", DOUBLE)]
    axes = key_candidates("mak", candidates, tmk), mac_ways(ecb), mac_covers(suite.dialect, message)
    trials = sum(1 for _ in fewest_mistakes_first(axes))
    assert 200 < trials <= TRIALS_MOST
    message = suite.dialect.decode(suite.dialect.with_mac(sale, b"00000001"))
    pauses = sum(1 for _ in suite.diagnose_mac(message, candidates, tmk))
    assert pauses == -(-trials // SLICE_TRIALS), "before every slice"


def with_mac(name):
    """The messages of a shipped dialect that carry a MAC."""
    dialect = load_dialect(name)
    for sample in dialect.samples:
        message = dialect.decode(bytes.fromhex(sample.hex)[dialect.framing.before_bytes :])
        if dialect.mac_de(message.fields) in message.fields:
            yield dialect, message


@pytest.mark.parametrize("name", dialect_names())
def test_without_its_bit_the_mac_is_not_announced_and_nothing_else_differs(name):
    found_one = False
    for dialect, message in with_mac(name):
        right = dialect.covered(message.raw)
        [cover] = [one for one in mac_covers(dialect, message) if "is set in the bitmap" in one.words]
        assert len(cover.value) == len(right)
        found_one = True
        start = right.index(message.raw[dialect.grammar.envelope_bytes :][: len(right)]) + dialect.grammar.mti_bytes
        size = 16 if max(message.fields) > 64 else 8
        if dialect.grammar.bitmap_encoding != "binary":
            charset = CHARSETS[dialect.grammar.bitmap_encoding]
            before, after = (int(data[start : start + 2 * size].decode(charset), 16) for data in (right, cover.value))
            assert before - after == 1 << (8 * size - dialect.mac_de(message.fields))
            continue
        before, after = (int.from_bytes(data[start : start + size], "big") for data in (right, cover.value))
        assert before - after == 1 << (8 * size - dialect.mac_de(message.fields))
        assert before & after == after
        assert (right[:start], right[start + size :]) == (cover.value[:start], cover.value[start + size :])
    assert found_one == any(route.mac_request or route.mac_reply != "never" for route in load_dialect(name).routes)


@pytest.mark.parametrize("coverage", COVERAGES)
def test_the_bit_is_found_in_every_coverage(dialect, sale, coverage):
    other = replace(dialect, security=replace(dialect.security, coverage=coverage))
    right = other.covered(sale)
    [cover] = [one for one in mac_covers(other, other.decode(sale)) if "is set in the bitmap" in one.words]
    without = sale[:20] + bytes((sale[20] & 0xFE,)) + sale[21:]  # DE 64: the last bit of the bitmap, at bytes 13 to 20
    assert cover.value == other.covered(without) != right


def test_a_field_that_is_left_out(suite, keys, sale):
    start, stop = suite.dialect.spans(suite.dialect.decode(sale))[60]
    mac = ecb(keys.mak, sale[11:start] + sale[stop:-8])
    assert "the terminal covers the MAB without DE 60" in found(suite, sale, mac, [("current", keys)])


def test_an_mti_of_four_characters_is_left_out_whole():
    found_one = False
    for dialect, message in with_mac("iso8583-1987-ascii"):
        [cover] = [one for one in mac_covers(dialect, message) if one.words.startswith("the MAB without the MTI")]
        assert cover.value == dialect.covered(message.raw)[4:]
        found_one = True
    assert found_one
