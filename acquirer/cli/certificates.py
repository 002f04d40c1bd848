"""``acquirer certificates make``: an authority, a server's certificate and terminals' ones, for tests of TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.json_output import print_object

app = typer.Typer(help="Make certificates for tests of TLS.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Make certificates for tests of TLS."""


@app.command()
def make(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where they are written; an authority there is used on.")],
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Of the server: host name or address, again for more; else this machine."),
    ] = None,
    tid: Annotated[
        list[str] | None, typer.Option(metavar="TID", help="A terminal, or a range: 10000001..10000020; repeatable.")
    ] = None,
    terminals: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="All terminals of a file, as serve reads it.")
    ] = None,
    days: Annotated[int, typer.Option(metavar="DAYS", min=1, max=3650, help="How long they are valid.")] = 365,
    key: Annotated[
        str, typer.Option(metavar="ec|rsa", help="P-256, or RSA of 2048 bits, as older terminals want.")
    ] = "ec",
    flaw: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FLAW",
            help="Also flawed ones: expired, not-yet-valid, wrong-name, other-authority, wrong-purpose, revoked, all.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say where they are as one JSON object.")] = False,
) -> int:
    """Make a test authority, a server's certificate, and one for each terminal, with their keys.

    They are for tests only, and say so. Keys are files of their owner alone. Flawed ones are found beside them, so that
    a terminal can be shown what it should refuse.
    """
    from acquirer.settings.certificate_maker import FLAWS, WantedCertificates, make_certificates, read_server_names

    if key not in ("ec", "rsa"):
        raise Exit(Code.USAGE, f"--key: '{key}' is not supported; use ec or rsa.")
    flaws = FLAWS if "all" in (flaw or ()) else tuple(dict.fromkeys(flaw or ()))
    for one in flaws:
        if one not in FLAWS:
            raise Exit(Code.USAGE, f"--flaw: there is no '{one}'; there are {', '.join(FLAWS)} and all.")
    wanted = WantedCertificates(
        names=read_server_names(name) if name else WantedCertificates().names,
        tids=_numbers(tid or (), terminals),
        days=days,
        key="rsa" if key == "rsa" else "ec",
        flaws=tuple(one for one in FLAWS if one in flaws),
    )
    found = make_certificates(out, wanted)
    if as_json:
        print_object(
            {
                "authority": str(found.authority),
                "server": str(found.server),
                "terminals": {one: str(path) for one, path in found.terminals.items()},
                "flawed": {one: str(path) for one, path in found.flawed.items()},
                "revoked": None if found.revoked is None else str(found.revoked),
            }
        )
        return Code.OK
    how = "was there, and is used on" if found.authority_kept else "is new"
    print(f"# {found.authority} {how}; for acquirer.toml:")
    print("[tls.test]")
    print(f'certificate = "{found.server}"\nkey = "{found.server.with_suffix(".key")}"')
    if found.terminals:
        print(f'authority = "{found.authority}"  # terminals must show a certificate of it')
    if found.revoked:
        print(f'revoked = "{found.revoked}"')
    some = next(iter(found.terminals.values()), None)
    own = "" if some is None else f" --tls-certificate {some} --tls-key {some.with_suffix('.key')}"
    print("# Then: acquirer serve --listen 8583,tls=test")
    print(f"# and:  acquirer terminal sign-on --tls-ca {found.authority}{own}")
    return Code.OK


def _numbers(typed: list[str] | tuple[str, ...], file: Path | None) -> tuple[str, ...]:
    """Return the terminals that are to have certificates; the demo terminal where none is named. Raises DataError."""
    from acquirer.settings.terminal_values import read_tid, spelled_out
    from acquirer.settings.terminals import read_terminals

    found = [one.tid for one in read_terminals(file)] if file is not None else []
    for text in typed:
        try:
            found += spelled_out(read_tid(text))
        except ValueError as exc:
            raise Exit(Code.USAGE, f"--tid: '{text}' {exc}.") from None
    return tuple(dict.fromkeys(found)) or ("10000161",)
