"""``acquirer pin``: every key and layout under which a PIN block opens."""

from __future__ import annotations

import sys

import typer

from acquirer.cli.errors import Code
from acquirer.cli.json_output import print_array
from acquirer.cli.key_values import read_bytes, read_key, read_text


def command(
    block: str = typer.Argument(..., metavar="HEX|@FILE|-", help="DE 52, as it travels."),
    pik: str = typer.Option(..., "--pik", metavar="HEX|@FILE|-", help="The PIN key; - reads a line of stdin."),
    pan: str = typer.Option("", "--pan", metavar="DIGITS|@FILE|-", help="The card number, for formats that need it."),
    tmk: str = typer.Option("", "--tmk", metavar="HEX|@FILE|-", help="Tries keys that were not unwrapped right too."),
    mak: str = typer.Option("", "--mak", metavar="HEX|@FILE|-", help="Tries the MAC key too."),
    cipher: str = typer.Option(
        "", "--cipher", metavar="des|3des|sm4|aes", help="Of the keys; their length decides else."
    ),
    unsafe_show: bool = typer.Option(False, "--unsafe-show", help="Show the clear block, and so the PIN."),
    as_json: bool = typer.Option(False, "--json", help="One JSON array."),
) -> int:
    """Show under which keys and in which layouts a PIN block opens."""
    from acquirer.cli.listing import print_table
    from acquirer.security.pin import PIN_FORMATS
    from acquirer.security.workbench import pin_candidates
    from acquirer.security.working import WorkingKeys

    key = read_key("--pik", pik, cipher)
    keys = WorkingKeys(key, read_key("--mak", mak, cipher) if mak else key)
    master = read_key("--tmk", tmk) if tmk else None
    if unsafe_show:
        print("PINs are in the clear: do not paste this where others can read it.", file=sys.stderr)
    data, card = read_bytes("BLOCK", block), read_text("--pan", pan)
    declared = PIN_FORMATS["iso-0" if len(data) == 8 else "iso-0-padded"]
    found = pin_candidates(data, card, declared, [("current", keys)], master, unsafe=unsafe_show)
    if as_json:
        print_array({"key": one.key, "layout": one.layout, "block": one.pin or None} for one in found)
    elif found:
        print_table(("Key", "Layout", "Clear"), [(one.key, one.layout, one.pin or "hidden") for one in found])
    else:
        print("It opens under no key and in no layout that was tried.", file=sys.stderr)
    return Code.OK if found else Code.EXPECTATION_FAILED
