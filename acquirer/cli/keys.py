"""``acquirer keys``: KCVs, components, key blocks, packages of working keys; other keys for terminals and stores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.help import CommandGroup
from acquirer.cli.json_output import print_array, print_object
from acquirer.cli.key_packages import command as unwrap
from acquirer.cli.key_values import read_key, read_text, warn_of_clear_keys
from acquirer.cli.stores import ArrayOption, ObjectOption, StoreOption, settings, store_problems, warn, writing

if TYPE_CHECKING:
    from acquirer.security.secret import Secret

app = typer.Typer(rich_markup_mode=None)
app.command("unwrap")(unwrap)

KeyArgument = Annotated[str, typer.Argument(metavar="HEX|@FILE|-", help="The key; - reads a line of stdin.")]
CipherOption = Annotated[
    str, typer.Option("--cipher", metavar="des|3des|sm4|aes", help="Of the key; its length decides else.")
]
KbpkOption = Annotated[
    str, typer.Option("--kbpk", metavar="HEX|@FILE|-", help="The key that protects the block: 3DES for B, AES for D.")
]
ShowOption = Annotated[bool, typer.Option("--unsafe-show", help="Show keys in the clear.")]


class KeysGroup(CommandGroup):
    """Commands, of which `unwrap` need not be named: it was the only one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command before arguments that begin with none."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["unwrap", *args]
        return super().parse_args(ctx, args)


GROUP = KeysGroup
"""How the commands of this module are found."""


@app.command()
def kcv(key: KeyArgument, cipher: CipherOption = "", as_json: bool = ObjectOption) -> int:
    """Show the check value of a key, by the cipher itself and, for AES, by CMAC."""
    from acquirer.security.mac import cmac

    found = read_key("KEY", key, cipher)
    lines = {"cipher": found.cipher, "bytes": len(found), "kcv": found.kcv()}
    if found.block_bytes == 16:
        lines["kcv_cmac"] = cmac(found, bytes(16))[:5].hex().upper()
    _print(lines, as_json)
    if found.weak:
        warn("this key is weak: it protects nothing")
    return Code.OK


@app.command()
def split(
    key: KeyArgument,
    parts: Annotated[int, typer.Option("--parts", metavar="N", help="So many components.")] = 3,
    cipher: CipherOption = "",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each into a file of its own, for its owner alone.")
    ] = None,
    unsafe_show: ShowOption = False,
    as_json: bool = ArrayOption,
) -> int:
    """Split a key into components, each with its check value: combined by XOR they are the key again."""
    import os

    from acquirer.security.clear_keys import clear_hex
    from acquirer.security.components import ComponentError, split_key
    from acquirer.settings.private_file import write_private

    if out is None and not unsafe_show:
        raise Exit(Code.USAGE, "name where components are written (--out DIR), or have them shown (--unsafe-show).")
    secret = read_key("KEY", key, cipher)
    try:
        found = split_key(secret, parts, os.urandom)
    except ComponentError as exc:
        raise Exit(Code.USAGE, f"--parts: {exc}.") from None
    files = [] if out is None else [out / f"component-{number}.txt" for number in range(1, parts + 1)]
    if there := next((path for path in files if path.exists()), None):
        raise Exit(Code.USAGE, f"--out: {there} is there already, perhaps of another key: name another folder.")
    rows = []
    for number, part in enumerate(found, 1):
        row: dict[str, Any] = {"component": number, "kcv": part.kcv()}
        if files:
            path = files[number - 1]
            path.parent.mkdir(parents=True, exist_ok=True)
            write_private(path, f"{clear_hex(part)}\n".encode())
            row["file"] = str(path)
        if unsafe_show:
            row["key"] = clear_hex(part)
        rows.append(row)
    if unsafe_show:
        warn_of_clear_keys()
    if as_json:
        print_array([*rows, {"component": "key", "kcv": secret.kcv()}])
    else:
        for row in rows:
            print("  ".join(str(value) for value in row.values()))
        print(f"key KCV {secret.kcv()}")
    return Code.OK


@app.command()
def combine(
    components: Annotated[
        list[str], typer.Argument(metavar="COMPONENT…", help="Each as hex, @FILE, or - for a line of stdin.")
    ],
    cipher: CipherOption = "",
    unsafe_show: ShowOption = False,
    as_json: bool = ObjectOption,
) -> int:
    """Combine components by XOR into a key, and show the check value of each and of the key."""
    from acquirer.security.components import ComponentError, combine_components

    parts = [read_key(f"COMPONENT {number}", text, cipher) for number, text in enumerate(components, 1)]
    try:
        found = combine_components(parts)
    except ComponentError as exc:
        raise Exit(Code.USAGE, f"{exc}.") from None
    lines: dict[str, Any] = {f"component {number}": part.kcv() for number, part in enumerate(parts, 1)}
    lines |= {"cipher": found.cipher, "kcv": found.kcv()}
    _print(lines | _shown(found, unsafe_show), as_json)
    return Code.OK


@app.command()
def wrap(
    key: KeyArgument,
    kbpk: KbpkOption,
    usage: Annotated[str, typer.Option(metavar="P0", help="What it is for: K0 key encryption, P0 PINs, M3 MACs …")],
    mode: Annotated[str, typer.Option(metavar="E|D|B|G|V|C|N|X", help="How it may be used.")] = "N",
    version: Annotated[str, typer.Option(metavar="B|D", help="Of the block; else as the protection key says.")] = "",
    exportability: Annotated[str, typer.Option(metavar="E|N|S", help="Whether it may be passed on.")] = "N",
    key_version: Annotated[str, typer.Option(metavar="00", help="Of the key, for its users.")] = "00",
    block: Annotated[
        list[str] | None, typer.Option(metavar="NAME=TEXT", help="An optional block, as in KS=FFFF9876543210E00000.")
    ] = None,
    cipher: CipherOption = "",
) -> int:
    """Wrap a key into a key block (TR-31, X9.143): version B under 3DES, version D under AES."""
    import os

    from acquirer.security.tr31 import KeyBlockError, KeyBlockHeader, build_key_block

    protection = read_key("--kbpk", kbpk)
    found = read_key("KEY", key, cipher)
    algorithm = {"des": "D", "3des": "T", "aes": "A"}.get(found.cipher, "")
    if not algorithm:
        raise Exit(Code.USAGE, f"KEY: key blocks know no {found.cipher.upper()}; there are DES, 3DES and AES.")
    blocks = []
    for text in block or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise Exit(Code.USAGE, f"--block: '{text}' is no optional block; write it like KS=FFFF9876543210E00000.")
        blocks.append((name, value))
    wanted = version or ("D" if protection.cipher == "aes" else "B")
    header = KeyBlockHeader(usage, algorithm, mode, wanted, key_version, exportability, tuple(blocks))
    try:
        print(build_key_block(protection, found, header, os.urandom))
    except KeyBlockError as exc:
        raise Exit(Code.USAGE, f"{exc}.") from None
    return Code.OK


@app.command("open")
def open_(
    block: Annotated[str, typer.Argument(metavar="BLOCK|@FILE|-", help="The key block, version A to D.")],
    kbpk: KbpkOption,
    unsafe_show: ShowOption = False,
    as_json: bool = ObjectOption,
) -> int:
    """Open a key block (TR-31, X9.143): what it says of its key, and the key's check value."""
    from acquirer.security.tr31 import USAGES, KeyBlockError, open_key_block

    try:
        header, key = open_key_block(read_key("--kbpk", kbpk), read_text("BLOCK", block))
    except KeyBlockError as exc:
        raise Exit(Code.UNDECODABLE, f"{exc}.") from None
    lines: dict[str, Any] = {
        "version": header.version,
        "usage": f"{header.usage} {USAGES.get(header.usage, '')}".rstrip(),
        "algorithm": header.algorithm,
        "mode": header.mode,
        "key_version": header.key_version,
        "exportability": header.exportability,
        **{f"block {name}": text for name, text in header.blocks},
        "bytes": len(key),
        "kcv": key.kcv(),
    }
    _print(lines | _shown(key, unsafe_show), as_json)
    return Code.OK


@app.command("rotate-tmk")
def rotate_tmk(
    tid: Annotated[str, typer.Argument(metavar="TID")],
    tmk: Annotated[str, typer.Option(metavar="HEX|@FILE|-", help="The terminal's other master key.")],
    tmk_cipher: Annotated[str, typer.Option(metavar="3des|sm4|aes", help="By which its KCV is shown.")] = "3des",
    store: str | None = StoreOption,
) -> int:
    """Give a terminal another master key, from its next sign-on on; its working keys stay good until then.

    While a host serves the store it is asked to do it (serve --http), and loses no exchange over it.
    """
    from acquirer.cli.host_door import served_door
    from acquirer.security.clear_keys import clear_hex
    from acquirer.security.vault import Vault

    if tmk_cipher not in ("3des", "sm4", "aes"):
        raise Exit(Code.USAGE, f"--tmk-cipher: '{tmk_cipher}' is not supported; use 3des, sm4 or aes.")
    config = settings(store)
    key = read_key("--tmk", tmk, tmk_cipher)
    if key.weak:
        warn(f"the key with KCV {key.kcv()} is weak: it protects nothing")
    if (door := served_door(config.store)) is not None:
        before, now = door.rotate_master_key(tid, clear_hex(key), tmk_cipher)
    else:
        with writing(config.store) as opened:
            try:
                before = opened.rotate_master_key(tid, key, Vault(opened.master_key))
            except LookupError:
                raise Exit(Code.USAGE, f"{config.store} knows no terminal '{tid}'.") from None
        now = key.kcv()
    print(f"{tid}: TMK KCV {before or 'none'} before, {now} from its next sign-on on.")
    return Code.OK


@app.command("rotate-file")
def rotate_file(store: str | None = StoreOption) -> int:
    """Seal all keys of a store under a new key file (<database>.key). No host may serve it.

    What is killed on the way leaves a store that opens. Backups made before need the old key file, which they have.
    """
    from acquirer.store.key_rotation import rotate_key_file

    config = settings(store)
    with store_problems():
        count = rotate_key_file(config.store)
    print(f"{config.store}: {count} keys are sealed under a new key file.")
    return Code.OK


def _shown(key: Secret, unsafe: bool) -> dict[str, str]:
    from acquirer.security.clear_keys import clear_hex

    if not unsafe:
        return {}
    warn_of_clear_keys()
    return {"key": clear_hex(key)}


def _print(lines: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_object(lines)
        return
    for name, value in lines.items():
        print(f"{name.replace('_', ' ')}: {value}")
