"""Private forms within fields: totals, records of uploads, downloads, key packages, key blocks, images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from acquirer.dialect.dialect import Dialect
from acquirer.downloads import aids, ca_keys, contactless, lists, master_key, parameters, rates
from acquirer.security.packages import PackageError, accept_package
from acquirer.security.secret import Secret
from acquirer.security.tr31 import KeyBlockError, open_key_block
from acquirer.settings.specs import load_dialect
from acquirer.settlement import details, totals
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.image_checks import check_image
from acquirer.signature.jbig import JbigError
from acquirer.signature.jbig_decoder import decode_jbig
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature
from tests.fuzz.frames import DIALECTS
from tests.fuzz.target import Selector, chosen

KEY_HEX: Final = "258FB0AB70D025CDB99DF2C4D302D646"
KEY: Final = Secret.from_hex(KEY_HEX)
"""The published test key."""

PIXELS: Final = 1 << 12
"""Of an image here: enough for every branch, and a hundred images a second under atheris."""

# totals, records, downloads


def text_of(data: bytes) -> str:
    return data.decode("latin-1")


def _settlement(data: bytes) -> None:
    found = totals.read_settlement(text_of(data))
    assert totals.read_settlement(totals.write_settlement(found.totals, found.results)) == found


def _records(data: bytes) -> None:
    found = details.read_detail_records(text_of(data))
    assert len(details.read_detail_records(details.write_detail_records(found))) == len(found)


def _chip(data: bytes) -> None:
    found = details.read_chip_detail(text_of(data))
    assert details.read_chip_detail(details.write_chip_detail(found)) == found


def _parameters(data: bytes) -> None:
    found = parameters.read_parameters(data)
    assert parameters.read_parameters(parameters.write_parameters(found)) == found


def _rates(data: bytes) -> None:
    found = rates.read_rates(data)
    assert rates.read_rates(rates.write_rates(found)) == found


def _transport(data: bytes) -> None:
    master_key.read_transport_key(data)


RECORDS: Final[tuple[Callable[[bytes], object], ...]] = (
    _settlement,
    _records,
    _chip,
    _parameters,
    _rates,
    aids.read_aid,
    aids.read_aid_name,
    aids.read_aid_list,
    ca_keys.read_key,
    ca_keys.read_key_name,
    ca_keys.read_key_list,
    lists.read_query,
    lists.read_number,
    lambda data: lists.read_card_page(data, "length2-bin"),
    lambda data: lists.read_card_page(data, "length2-digits"),
    lambda data: contactless.read_contactless(data, "binary"),
    lambda data: contactless.read_contactless(data, "text"),
    master_key.read_public_key,
    _transport,
    master_key.read_master_key,
)


def read_records(data: bytes) -> None:
    """Read a private form that the first byte chooses; what is none of it is a `ValueError` with a sentence."""
    selector = Selector(data)
    reader = selector.choose(RECORDS)
    try:
        reader(selector.rest)
    except ValueError as exc:
        # Python's own, which is no sentence for a person.
        assert not isinstance(exc, UnicodeError)
        assert str(exc)


def record_seeds() -> Iterator[bytes]:
    yield chosen(0, b"00000017750000400000001400000210000000000000000000000000000001")
    yield chosen(0, b"999999999999999999999999999999" + b"1")
    yield chosen(1, b"010000013400006212345678901232000000010000")
    yield chosen(2, b"61" + b"0" * 19)
    yield chosen(2, b"71" + b"0" * 21)
    yield chosen(3, parameters.write_parameters({}))
    yield chosen(4, b"15684000000123")
    yield chosen(5, bytes.fromhex("9F0608A000000333010101DF0101009F08020020DF1105D84000A800"))
    yield chosen(6, bytes.fromhex("9F0608A000000333010101"))
    yield chosen(7, b"0" + bytes.fromhex("9F0608A000000333010101"))
    yield chosen(8, bytes.fromhex("319F0605A0000003339F220102DF05083230333031323331"))
    yield chosen(9, bytes.fromhex("9F0605A0000003339F220102"))
    yield chosen(10, b"0" + bytes.fromhex("9F0605A0000003339F220102DF05083230333031323331"))
    yield chosen(11, b"100")
    yield chosen(13, b"001" + b"16621234")
    yield chosen(14, b"001" + b"166212345678901232")
    yield chosen(15, bytes.fromhex("DF8054060000000010009F1B0400001000"))
    yield chosen(16, b"FF8054012000000001000")
    for number in (17, 18, 19):
        yield chosen(number, bytes.fromhex("9F0605A0000003339F220102DF0203010001DF0408" + "00" * 8 + "DF0304AABBCCDD"))


# keys


@cache
def packages() -> tuple[tuple[Dialect, str], ...]:
    return tuple(
        (dialect, selector) for dialect in map(load_dialect, DIALECTS) for selector in sorted(dialect.security.packages)
    )


def read_keys(data: bytes) -> None:
    """Take keys out of a package or a key block, as terminals and hosts do that get one from the other side."""
    selector = Selector(data)
    place = selector.number()
    rest = selector.rest
    try:
        if place < len(packages()):
            dialect, name = packages()[place]
            accept_package(dialect.security.packages[name], KEY, rest)
        else:
            open_key_block(KEY, text_of(rest))
    except (PackageError, KeyBlockError) as exc:
        assert KEY_HEX not in str(exc)


def key_seeds() -> Iterator[bytes]:
    for place in range(len(packages())):
        yield chosen(place, bytes(range(24)) + bytes(16))
        yield chosen(place, bytes(range(60)))
    yield chosen(255, b"B0080P0TE00E0000" + b"0" * 64)
    yield chosen(255, b"B0096P0TE00E0200KS1800604B120F9292800000PB0C00000000" + b"0" * 44)
    yield chosen(255, b"D0112P0AE00E0000" + b"0" * 96)


# images


def read_image(data: bytes) -> None:
    """Decode an image; what was decoded has the size that its header says, and is the same encoded and decoded."""
    try:
        image = decode_jbig(data, PIXELS)
    except JbigError:
        return
    bitmap = image.bitmap
    assert bitmap.width * bitmap.height <= PIXELS
    check_image(bitmap)
    assert decode_jbig(encode_jbig(bitmap), PIXELS).bitmap == bitmap


def image_seeds() -> Iterator[bytes]:
    yield encode_jbig(draw_signature("A", seed=1))  # its header is read, and it is refused for its size
    for width, height in ((1, 1), (8, 8), (33, 5), (64, 20)):
        yield encode_jbig(Bitmap(width, height, bytes(-(-width // 8) * height)))
