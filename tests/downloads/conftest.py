"""Files of downloads as the published messages have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.settings.shipped import specs_dir

PARAMETERS = """
application = 60
timeout_s = 60
connection_tries = 3
telephone_1 = ""
telephone_2 = ""
telephone_3 = ""
management_telephone = ""
tip = 1
tip_percent = 15
manual_entry = true
sign_off_after_settlement = false
merchant_name = "测试商户"
reversal_resends = 3
upload_offline = 0
key_index = 0
kinds = ["balance", "pre-auth", "pre-auth-void", "completion", "completion-void", "sale", "void", "refund",
         "offline-sale", "adjust", "completion-advice", "script-result"]
"""
CONTACTLESS = """
contactless_first = 0
flash_s = 300
flash_records_s = 300
no_pin_limit_minor = 100000
no_pin = 1
bin_table_a = 1
bin_table_b = 0
cdcvm = 1
no_signature_limit_minor = 100000
no_signature = 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose files give what the published messages have."""
    shipped = specs_dir() / "downloads"
    keys = (shipped / "capk.toml").read_text(encoding="utf-8").split("[[capk]]")
    applications = (shipped / "aid.toml").read_text(encoding="utf-8").split("[[aid]]")
    own = tmp_path / "downloads"
    own.mkdir()
    texts = {
        "parameters.toml": PARAMETERS,
        "contactless.toml": CONTACTLESS,
        "capk.toml": "[[capk]]".join(["", keys[1], keys[3]]),
        "aid.toml": "[[aid]]".join(applications[:5]),
        "cards.toml": 'bins_b = ["16 622000", "19 622848", "19 621226"]',
    }
    for name, text in texts.items():
        (own / name).write_text(text, encoding="utf-8")
    return own
