"""Passwords of operators as they are kept."""

from __future__ import annotations

import subprocess

from acquirer.security.passwords import DIGEST_BYTES, hash_password, password_fits

SALT = bytes(range(16))


def test_a_password_fits_its_hash_and_no_other_does() -> None:
    kept = hash_password("1234", SALT)
    assert password_fits("1234", SALT, kept)
    assert not password_fits("1235", SALT, kept)
    assert not password_fits("1234", bytes(16), kept)
    assert len(kept) == DIGEST_BYTES
    assert b"1234" not in kept


def test_it_is_scrypt_as_openssl_has_it() -> None:
    done = subprocess.run(
        ["openssl", "kdf", "-keylen", "32", "-kdfopt", "pass:1234", "-kdfopt", f"hexsalt:{SALT.hex()}",
         *("-kdfopt", "n:4096", "-kdfopt", "r:8", "-kdfopt", "p:1", "SCRYPT")],
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode == 0:  # where the command line of OpenSSL 3 is there
        assert bytes.fromhex(done.stdout.strip().replace(":", "")) == hash_password("1234", SALT)
