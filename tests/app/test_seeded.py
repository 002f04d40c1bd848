"""What a seed changes in a host beside the keys that it makes."""

import asyncio

import pytest

from acquirer.app.serve import serving
from acquirer.settings.config import Config


@pytest.mark.parametrize("seed", [None, 7])
def test_random_bytes_that_a_seed_repeats_are_no_nonces(seed: int | None) -> None:
    async def sealed() -> bytes:
        async with serving(Config(listen=("127.0.0.1:0",), store="memory:", seed=seed)) as running:
            return running.hosts[0].vault.seal("a", b"one", bytes)

    nonce = asyncio.run(sealed())[1:13]
    assert (nonce == bytes(12)) is (seed is None)
