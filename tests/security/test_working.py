"""Working keys: what they show, and how they travel to the vault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.security.ciphers import CipherError
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

PIK, MAK = "D931648F3DE313A4A22C15DCA4F4299E", "AB7C577CC7A18045"

doubles = st.binary(min_size=16, max_size=16)
working = st.builds(
    WorkingKeys,
    doubles.map(Secret),
    st.one_of(doubles, st.binary(min_size=8, max_size=8)).map(Secret),
    st.one_of(st.none(), doubles.map(lambda key: Secret(key, "sm4"))),
)


@given(working)
def test_working_keys_survive_their_packing(keys):
    assert WorkingKeys.unpack(keys.pack()) == keys
    assert hash(WorkingKeys.unpack(keys.pack())) == hash(keys)


@given(working)
def test_they_show_kcvs_and_no_bytes(keys):
    for _, key in keys.items():
        assert key.kcv() in repr(keys)
        assert key.reveal().hex().upper() not in repr(keys).upper()


def test_kcvs_as_people_read_them():
    assert WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK)).kcvs == "PIK 900ECCE3, MAK CFF1592A"


def test_other_keys_are_not_equal():
    keys = WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK))
    assert keys != WorkingKeys(Secret.from_hex(PIK), Secret.from_hex(MAK), Secret.from_hex(PIK))
    assert keys != keys.pack()


@given(keys=working, data=st.data())
def test_cut_or_lengthened_packing_is_refused(keys, data):
    packed = keys.pack()
    for exc in (packed[: data.draw(st.integers(0, len(packed) - 1))], packed + b"\x00"):
        with pytest.raises(CipherError):
            WorkingKeys.unpack(exc)
