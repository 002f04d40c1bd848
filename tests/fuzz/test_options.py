"""Options of scripts/fuzz that cannot be used: refused in a sentence, before anything runs."""

from __future__ import annotations

import pytest

from tests.fuzz.__main__ import main


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no-target"], "there is no target 'no-target'; there are deframer, codec"),
        (["--seconds", "-1"], "--seconds must be a number from 1"),
        (["--frames", "0"], "--frames must be a number from 1"),
        (["--frames", "1", "--workers", "0"], "--workers must be a number from 1"),
        (["codec", "--input", "not/there"], "--input: not/there is no file"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
