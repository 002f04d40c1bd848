"""``acquirer mac``: how a MAC is made, step by step, and what it would be by every algorithm."""

from __future__ import annotations

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.key_values import print_steps, read_bytes, read_key
from acquirer.data.text import plural


def command(
    message: str = typer.Argument(..., metavar="HEX|@FILE|-", help="A frame without its length, or the MAB (--mab)."),
    mak: str = typer.Option(..., "--mak", metavar="HEX|@FILE|-", help="The MAC key; - reads a line of stdin."),
    cipher: str = typer.Option("", "--cipher", metavar="des|3des|sm4|aes", help="Of the key; its length decides else."),
    dialect: str = typer.Option("unionpay-pos", "--dialect", metavar="NAME|FILE", help="What is covered, and how."),
    mab: bool = typer.Option(False, "--mab", help="The bytes are those that are covered, not a frame."),
    every: bool = typer.Option(False, "--every", help="Only the result by every algorithm."),
    as_json: bool = typer.Option(False, "--json", help="One JSON array of steps."),
) -> int:
    """Show how a MAC is made: covered bytes, each block, the folding, each encryption, what is sent."""
    from acquirer.dialect.security_checks import mac_algorithm
    from acquirer.security.workbench import WorkStep, mac_results, mac_steps
    from acquirer.settings.specs import load_dialect

    spoken = load_dialect(dialect)
    key = read_key("--mak", mak, cipher)
    data = read_bytes("MESSAGE", message)
    if not mab:
        if not spoken.mac_width or len(data) <= spoken.grammar.envelope_bytes + spoken.mac_width:
            raise Exit(
                Code.USAGE,
                f"MESSAGE: {plural(len(data), 'byte is', 'bytes are')} no frame with a MAC; give the MAB with --mab.",
            )
        data = spoken.covered(data)
    algorithm, size = mac_algorithm(spoken), spoken.security.mac_bytes
    if key.cipher not in algorithm.ciphers:
        raise Exit(Code.USAGE, f"--mak: {algorithm.name} takes no {key.cipher.upper()} keys.")
    steps = [] if every else list(mac_steps(algorithm, key, data, size))
    by_others = [WorkStep(f"by {one.name}", one.value) for one in mac_results(key, data, size)]
    print_steps([*steps, *by_others], as_json)
    return Code.OK
