"""MACs of samples, computed with psec alone under the keys of the sample of a sign-on's reply.

Which bytes are covered, and where the keys stand, is read by pyiso8583 from the file; the ciphers are psec's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import iso8583
import psec
import pytest

from acquirer.app.dialects import lint_dialect
from acquirer.security.secret import Secret
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import demo_terminals
from tests.dialects.test_codec import merged, specification

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES:cryptography.utils.CryptographyDeprecationWarning:psec")

DIALECTS = {
    "iso8583-1987-ascii": (4, "48"),
    "iso8583-1987-binary": (2, ""),
    "iso8583-1987-ebcdic": (2, ""),
    "iso8583-1993-ascii": (4, "96"),
    "iso8583-1993-bcd": (2, "96"),
    "iso8583-1993-ebcdic": (2, "96"),
}
"""How many bytes of length a frame begins with."""

TMK = bytes.fromhex("258FB0AB70D025CDB99DF2C4D302D646")


def messages(name: str) -> list[tuple[str, bytes, dict[str, Any]]]:
    """The samples of a dialect as title, frame and what pyiso8583 reads."""
    tables = merged(name)
    spec = specification(tables)
    frames = [(one["title"], bytes.fromhex(one["hex"])[DIALECTS[name][0] :]) for one in tables["samples"]]
    return [(title, frame, iso8583.decode(frame, spec)[0]) for title, frame in frames]


@pytest.mark.parametrize("name", DIALECTS)
def test_macs_of_samples_are_psecs(name: str) -> None:
    assert next(one.tmk for one in demo_terminals() if one.tid == "10000161") == Secret(TMK)
    place = merged(name)["elements"]["keys"]
    found = messages(name)
    package = next(bytes.fromhex(fields[place]) for title, _, fields in found if title.startswith("sign-on reply"))
    pik, mak = (psec.des.decrypt_tdes_ecb(TMK, package[at : at + 16]) for at in (0, 19))
    for key, kcv in ((pik, package[16:19]), (mak, package[35:])):
        assert psec.des.encrypt_tdes_ecb(key, bytes(8))[:3] == kcv
    sealed, pins = 0, []
    for title, frame, fields in found:
        if "52" in fields:
            block = psec.des.decrypt_tdes_ecb(pik, bytes.fromhex(fields["52"]))
            pins.append(psec.pinblock.decode_pinblock_iso_0(block, fields["2"]))
        mac = fields.get("128", fields.get("64"))
        if mac is None:
            continue
        sealed += 1
        size = 8 if frame.endswith(bytes.fromhex(mac)) else 16
        assert psec.mac.generate_retail_mac(mak[:8], mak[8:], frame[:-size], 1).hex().upper() == mac, title
    assert sealed >= 12
    assert pins == ["123456", "123456"]


@pytest.mark.parametrize("name", [name for name in DIALECTS if "1993" in name])
def test_bytes_behind_a_length_are_bytes_in_every_dialect_of_1993(name: str) -> None:
    """As libraries write them: the length counts bytes, and the same bytes stand in the text of the ASCII dialect."""
    of_ascii = {title: fields for title, _, fields in messages("iso8583-1993-ascii")}
    chips = 0
    for title, frame, fields in messages(name):
        for de, digits in (("53", 2), ("55", 3), ("96", 3)):
            if de not in fields:
                continue
            data = bytes.fromhex(fields[de])
            assert data in frame
            if name.endswith("bcd"):
                length = bytes.fromhex(f"{len(data):0{digits + digits % 2}}")
            else:
                length = f"{len(data):0{digits}}".encode("ascii" if name.endswith("ascii") else "cp500")
            assert length + data in frame
            if de == "55":
                chips += 1
                assert data[:2] in (b"\x9f\x26", b"\x9f\x36")
            assert len(data) == len(of_ascii[title][de]) // 2
    assert chips == 3


def test_hexadecimal_text_behind_a_length_stays_a_choice(tmp_path: Path) -> None:
    """One key and the size that fits it: samples follow, and `show` says which it is."""
    file = tmp_path / "hex.toml"
    file.write_text(
        'dialect = "hex"\ntitle = "hex"\nextends = "iso8583-1993-ascii"\n'
        '[encoding]\nb_variable = "ascii"\n[fields]\n96 = { format = "b...499" }\n',
        encoding="utf-8",
    )
    chosen, shipped = load_dialect(str(file)), load_dialect("iso8583-1993-ascii")
    assert lint_dialect(str(file)).problems == ()
    frame = chosen.encode("1200", {53: b"\x0a\xff"})
    assert frame.endswith(b"040AFF")
    assert shipped.encode("1200", {53: b"\x0a\xff"}).endswith(b"02\x0a\xff")
    assert len(chosen.samples) == len(shipped.samples)
