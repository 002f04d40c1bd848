"""Key blocks: the examples of TR-31:2018 annex A, and psec as the other opinion."""

import random

import psec.tr31
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquirer.security.secret import Secret
from acquirer.security.tr31 import _VERSIONS, KeyBlock, KeyBlockError, KeyBlockHeader, build_key_block, open_key_block

KBPK = Secret.from_hex("DD7515F2BFC17F85CE48F3CA25CB21F6")
KEY = Secret.from_hex("3F419E1CB7079442AA37474C2EFBF8B8")
BLOCK = "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E"


def dice(size):
    return random.Random(7).randbytes(size)


@pytest.mark.parametrize(
    ("kbpk", "block", "key"),
    [
        pytest.param(
            "89E88CF7931444F334BD7547FC3F380C",
            "A0072P0TE00E0000F5161ED902807AF26F1D62263644BD24192FDB3193C730301CEE8701",
            "F039121BEC83D26B169BDCD5B22AAF8F",
            id="A",
        ),
        pytest.param(KBPK.reveal().hex(), BLOCK, "3F419E1CB7079442AA37474C2EFBF8B8", id="B"),
        pytest.param(
            "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
            "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03"
            "A457DC34",
            "3F419E1CB7079442AA37474C2EFBF8B8",
            id="D",
        ),
    ],
)
def test_a_published_block_opens(kbpk, block, key):
    header, opened = open_key_block(Secret.from_hex(kbpk), block)
    assert opened.reveal().hex().upper() == key
    assert (header.usage, header.mode, header.exportability, header.blocks) == ("P0", "E", "E", ())
    assert opened.cipher == ("aes" if block[0] == "D" else "3des")


headers = st.builds(
    KeyBlockHeader,
    usage=st.sampled_from(["P0", "M3", "K0", "B1"]),
    algorithm=st.just("T"),
    mode=st.sampled_from("EDBN"),
    key_version=st.sampled_from(["00", "17", "c1"]),
    exportability=st.sampled_from("ENS"),
    blocks=st.lists(
        st.tuples(
            st.sampled_from(["KS", "KV", "CT", "HM"]),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300),
        ),
        max_size=3,
        unique_by=lambda block: block[0],
    ).map(tuple),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # psec calls ciphers by their deprecated names
@settings(deadline=None, max_examples=150)
@given(headers, st.sampled_from("BD"), st.data())
def test_psec_opens_what_is_built_and_the_other_way_round(header, version, data):
    sizes = [16, 24] if version == "B" else [16, 24, 32]
    kbpk = data.draw(st.sampled_from(sizes).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
    key = data.draw(st.sampled_from([16, 24]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
    room = data.draw(st.sampled_from([None, 0, 16, 40]))
    header = KeyBlockHeader(
        header.usage, "T", header.mode, version, header.key_version, header.exportability, header.blocks
    )

    block = build_key_block(Secret(kbpk), Secret(key, "3des"), header, dice, room)
    theirs, opened = psec.tr31.unwrap(kbpk, block)
    assert opened == key
    assert (theirs.key_usage, theirs.mode_of_use, theirs.version_num) == (header.usage, header.mode, header.key_version)
    assert {name: text for name, text in theirs.blocks.items() if name != "PB"} == dict(header.blocks)

    mine = open_key_block(Secret(kbpk), psec.tr31.wrap(kbpk, theirs, key))
    assert mine.header == header
    assert mine.key == Secret(key, "3des")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", ["A", "C"])
@pytest.mark.parametrize("size", [8, 16, 24])
def test_deprecated_versions_are_read(version, size):
    key = bytes(range(1, size + 1))
    block = psec.tr31.wrap(KBPK.reveal(), f"{version}0000M3TG00N0100KS1800604B120F9292800000", key)
    header, opened = open_key_block(KBPK, block)
    assert opened.reveal() == key
    assert header == KeyBlockHeader("M3", "T", "G", version, blocks=(("KS", "00604B120F9292800000"),))
    with pytest.raises(KeyBlockError, match=f"made in version B or D, not {version}"):
        build_key_block(KBPK, opened, header, dice)


def test_the_length_of_a_key_does_not_show():
    short, long = (
        build_key_block(KBPK, Secret(bytes(range(n)), "3des"), KeyBlockHeader("P0", "T", "E"), dice) for n in (16, 24)
    )
    assert len(short) == len(long)
    assert len(build_key_block(KBPK, KEY, KeyBlockHeader("P0", "T", "E"), dice, least_key_bytes=0)) == len(BLOCK)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(BLOCK) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_an_altered_block_never_opens(at, instead):
    altered = BLOCK[:at] + instead + BLOCK[at + 1 :]
    if altered.upper() == BLOCK:
        return
    with pytest.raises(KeyBlockError) as exc:
        open_key_block(KBPK, altered)
    assert "3F419E1C" not in str(exc.value)


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.text(max_size=120),
        st.builds(
            lambda count, rest: f"B{16 + len(rest):04}P0TE00E{count:02}00{rest}",
            st.integers(0, 99),
            st.text("0123456789ABCDEFKSPB", max_size=200),
        ),
    )
)
def test_any_text_is_a_key_block_or_a_sentence(text):
    with pytest.raises(KeyBlockError):
        open_key_block(KBPK, text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "this is no key block"),
        (BLOCK[:-2], "says it has 80 characters, and has 78"),
        ("B0020P0TE00E0000ABCG", "not in hex digits"),
        ("B0020P0TE00E0000ABCD", "cannot hold 2 bytes after its header"),
        ("B0024P0TE00E0100KSFF0000", "optional block 'KS' of the key block has an impossible length"),
        ("B0024P0TE00E0100KSXY0000", "no length in hex digits at character 18"),
        (BLOCK[:-1] + "F", f"altered, or made under another key than the one with KCV {KBPK.kcv()}"),
    ],
)
def test_malformed_blocks_are_refused(text, sentence):
    with pytest.raises(KeyBlockError, match=sentence):
        open_key_block(KBPK, text)


def test_a_key_for_something_else_is_refused():
    with pytest.raises(KeyBlockError, match=r"for PIN encryption \(P0\), not for usage 27 or MAC, ISO"):
        open_key_block(KBPK, BLOCK, usages=("M3", "27"))
    assert open_key_block(KBPK, BLOCK, usages=("P0",)).key == KEY


@pytest.mark.parametrize(
    ("kbpk", "key", "header", "sentence"),
    [
        (KBPK, Secret(bytes(range(16)), "aes"), KeyBlockHeader("P0", "T", "E"), "AES key is not of algorithm T"),
        (KBPK, KEY, KeyBlockHeader("P", "T", "E"), "no key block begins like B0096PTE00N0000"),
        (
            KBPK,
            KEY,
            KeyBlockHeader("P0", "T", "E", blocks=(("KS", "x" * 9990),)),
            "at most 9999 characters, this one would have 10096",
        ),
        (KBPK, KEY, KeyBlockHeader("P0", "T", "E", blocks=(("ks", ""),)), "'ks' has not"),
        (
            KBPK,
            KEY,
            KeyBlockHeader("P0", "T", "E", blocks=tuple((f"{n:02}", "") for n in range(99))),
            "at most 99 optional",
        ),
        (Secret(bytes(8)), KEY, KeyBlockHeader("P0", "T", "E"), "the protection key does not fit"),
    ],
)
def test_blocks_that_cannot_be_built_are_refused(kbpk, key, header, sentence):
    with pytest.raises(KeyBlockError, match=sentence):
        build_key_block(kbpk, key, header, dice)


@pytest.mark.parametrize("size", [251, 252, 300, 4000])
def test_a_long_optional_block_has_a_length_of_its_own_length(size):
    header = KeyBlockHeader("P0", "T", "E", blocks=(("CT", "x" * size), ("KS", "00604B120F9292800000")))
    text = build_key_block(KBPK, KEY, header, dice)
    assert text[16:].startswith("CTFF" if size == 251 else f"CT0002{size + 10:04X}")
    assert open_key_block(KBPK, text) == KeyBlock(header, KEY)


def test_the_length_of_an_optional_block_may_have_more_digits():
    version = _VERSIONS["B"]
    assert version.seal is not None
    data = (8 * 16).to_bytes(2, "big") + KEY.reveal() + bytes(6)
    blocks = "CT0003" + f"{32:06X}" + "x" * 20  # two of name, two of zeros, two of digits' count, six digits, the text
    length = 16 + len(blocks) + 2 * (len(data) + version.mac_bytes)
    text = f"B{length:04}P0TE00N0100{blocks}"
    text += version.seal(KBPK, text.encode(), data).hex().upper()
    assert open_key_block(KBPK, text).header.blocks == (("CT", "x" * 20),)


def test_a_key_longer_than_its_block_is_refused():
    version = _VERSIONS["B"]
    assert version.seal is not None
    for bits, says in (
        (8 * 23, "says its key has 184 bits, and holds 176"),
        (8 * 16 + 1, "has 129 bits, and holds 176"),
    ):
        data = bits.to_bytes(2, "big") + bytes(22)
        text = f"B{16 + 2 * (len(data) + version.mac_bytes):04}P0TE00N0000"
        text += version.seal(KBPK, text.encode(), data).hex().upper()
        with pytest.raises(KeyBlockError, match=says):
            open_key_block(KBPK, text)


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        ("B0", "base derivation key (B0)"),
        ("B1", "initial DUKPT key (B1)"),
        ("D0", "data encryption (D0)"),
        ("K0", "key encryption (K0)"),
        ("K1", "key block protection (K1)"),
        ("M1", "MAC, ISO 9797-1 algorithm 1 (M1)"),
        ("M3", "MAC, ISO 9797-1 algorithm 3 (M3)"),
        ("M6", "MAC, CMAC (M6)"),
        ("P0", "PIN encryption (P0)"),
        ("Z9", "usage Z9"),
    ],
)
def test_usages_have_names(usage, words):
    with pytest.raises(KeyBlockError) as exc:
        open_key_block(KBPK, f"{BLOCK[:5]}{usage}{BLOCK[7:]}", usages=("27", "28"))
    assert str(exc.value) == f"the key block holds a key for {words}, not for usage 27 or usage 28"


@pytest.mark.parametrize(
    ("bits", "algorithm", "sentence"),
    [
        (0, "T", "the key block says its key has 0 bits, and holds 176"),
        (8 * 17, "T", "no key of algorithm T has 17 bytes"),
        (8 * 16, "H", "no key of algorithm H has 16 bytes"),
    ],
)
def test_a_key_of_an_impossible_size_is_refused(bits, algorithm, sentence):
    version = _VERSIONS["B"]
    assert version.seal is not None
    data = bits.to_bytes(2, "big") + bytes(range(22))
    text = f"B{16 + 2 * (len(data) + version.mac_bytes):04}P0{algorithm}E00N0000"
    text += version.seal(KBPK, text.encode(), data).hex().upper()
    with pytest.raises(KeyBlockError) as exc:
        open_key_block(KBPK, text)
    assert str(exc.value) == sentence


def test_a_key_that_fills_its_block_is_taken():
    version = _VERSIONS["B"]
    assert version.seal is not None
    data = (8 * 16).to_bytes(2, "big") + KEY.reveal()
    data += bytes(-len(data) % 8)
    text = f"B{16 + 2 * (len(data) + version.mac_bytes):04}P0TE00N0000"
    text += version.seal(KBPK, text.encode(), data).hex().upper()
    assert open_key_block(KBPK, text).key == KEY
    assert open_key_block(KBPK, text).header == KeyBlockHeader("P0", "T", "E")
