"""``acquirer keys``: the working keys of a sign-on, unwrapped step by step."""

from __future__ import annotations

import sys

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.key_values import print_steps, read_bytes, read_key, warn_of_clear_keys
from acquirer.data.text import plural


def command(
    package: str = typer.Argument(..., metavar="HEX|@FILE|-", help="DE 62 of a sign-on's reply, without its length."),
    tmk: str = typer.Option(..., "--tmk", metavar="HEX|@FILE|-", help="The master key; - reads a line of stdin."),
    selector: str = typer.Option("", "--package", metavar="003", help="Which package; its length tells else."),
    dialect: str = typer.Option("unionpay-pos", "--dialect", metavar="NAME|FILE", help="Whose packages these are."),
    unsafe_show: bool = typer.Option(False, "--unsafe-show", help="Show the keys in the clear."),
    as_json: bool = typer.Option(False, "--json", help="One JSON array of steps."),
) -> int:
    """Unwrap the working keys of a sign-on: each as it travels, decrypted, and its check value beside that sent."""
    from acquirer.security.workbench import package_steps
    from acquirer.settings.specs import load_dialect

    packages, master = load_dialect(dialect).security.packages, read_key("--tmk", tmk)
    data = read_bytes("PACKAGE", package)
    sizes = {name: sum(p.size_bytes + one.kcv_bytes for p in one.parts) for name, one in packages.items()}
    fitting = [selector] if selector else [name for name, size in sizes.items() if size == len(data)]
    known = ", ".join(f"{name} ({size} bytes)" for name, size in sizes.items())
    if not fitting or fitting[0] not in packages:
        raise Exit(
            Code.USAGE, f"no package of {dialect} has {plural(len(data), 'byte')}; name one with --package: {known}."
        )
    if len(fitting) > 1:
        others = ", ".join(fitting[1:])
        print(f"Read as package {fitting[0]}; {others} has the same size (--package).", file=sys.stderr)
    if unsafe_show:
        warn_of_clear_keys()
    print_steps(package_steps(packages[fitting[0]], master, data, unsafe=unsafe_show), as_json)
    return Code.OK
