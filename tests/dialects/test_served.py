"""What no host could serve is refused when it starts, in a sentence that says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.settings.specs import read_spec
from acquirer.testing import running_host

HEAD = 'dialect = "mine"\ntitle = "mine"\nextends = "iso8583-1987-ascii"\nsamples = []\n'
SERVICES = ("sign_on", "key_change", "sign_off", "sale", "reversal")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            '[routes.sales]\ntitle = "sale"\nmti = "0220"\n',
            "mine.toml:5: routes.sales: this host has no service 'sales'; did you mean 'sale'?",
        ),
        (
            '[routes.advice]\nservice = "advise"\ntitle = "advice"\nmti = "0220"\n',
            "mine.toml:5: routes.advice: this host has no service 'advise'; there are account_load, aid, aid_end,",
        ),
        (
            "[elements]\ntid = false\n[routes]\n" + '{gone}\n[routes.echo]\nmandatory = ["stan"]\n',
            "elements: there is no element 'tid', so no request",
        ),
    ],
)
def test_what_cannot_be_served(more: str, problem: str, tmp_path: Path) -> None:
    gone = "".join(f"{name} = false\n" for name in SERVICES)
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + more.format(gone=gone), encoding="utf-8")
    with pytest.raises(DataError) as error, running_host(dialect=str(file)):
        pass
    assert problem in str(error.value)


def test_two_messages_may_ask_for_one_service(tmp_path: Path, make_pos) -> None:
    """Here a reversal comes as 0400 or as 0420, and both undo."""
    file = tmp_path / "mine.toml"
    parent = read_spec("iso8583-1987-ascii")[0]
    route = parent[parent.index("[routes.reversal]") : parent.index("# Messages that are known by name")]
    advice = route.replace("[routes.reversal]", '[routes.reversal_advice]\nservice = "reversal"').replace(
        "0400", "0420"
    )
    file.write_text(f"{HEAD}[unserved]\nreversal_advice = false\n{advice}", encoding="utf-8")
    pos = make_pos(str(file))
    for stan, mti in (("000007", "0400"), ("000008", "0420")):
        sale = pos.sale(stan)
        pos.sell(stan)
        undone = pos.send(pos.frame(mti, pos.reversal("100" + stan[3:], sale)))
        assert (undone.mti, pos.code(undone)) == (f"{mti[:2]}{int(mti[2]) + 1}0", "00")
    assert [one.state for one in pos.host.transactions] == ["reversed", "reversed"]
