"""What ``[terminal]`` refers to elsewhere in its dialect.

A problem where a terminal could not work, a note where a name is merely never met.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from acquirer.data.toml import DataError, KeyPath, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.dialect.terminal_profile import SignatureProfile, TerminalProfile
from acquirer.security.ciphers import CipherName
from acquirer.security.dukpt import DUKPT


def check_terminal(dialect: Dialect) -> Iterator[DataError]:
    """Yield what keeps a terminal of this dialect from working."""
    try:
        profile = dialect.terminal_profile
    except DataError as exc:
        yield exc
        return
    if profile is None:
        return
    if profile.package and profile.package not in dialect.security.packages:
        problem = f"there is no key package '{profile.package}'{_hint(profile.package, dialect.security.packages)}"
        yield dialect.error(("terminal", "package"), problem)
    if any(route.served for route in dialect.routes) and "approved" not in dialect.reasons:
        yield dialect.error(("reasons",), "no code for the reason 'approved'")
    yield from _security_control(dialect, profile)
    for name, (element, _, _) in profile.slip.names.items():
        if element not in dialect.elements:
            problem = f"unknown element '{element}'{did_you_mean(element, dialect.elements)}"
            yield dialect.error(("terminal", "slip", "names", name), problem)
    if profile.signature is not None:
        yield from _signature(dialect, profile.signature)


def _security_control(dialect: Dialect, profile: TerminalProfile) -> Iterator[DataError]:
    control, blocks = profile.security_control, dialect.security.pin_blocks
    if control is None:
        return
    path: KeyPath = ("terminal", "security_control")
    if control.pin_block not in blocks:
        problem = f"security.pin_blocks has no '{control.pin_block}'{_hint(control.pin_block, blocks)}"
        yield dialect.error((*path, "pin_block"), problem)
    for cipher in sorted(_pin_ciphers(dialect) - set(control.ciphers)):
        yield dialect.error((*path, "ciphers"), f"has no digit for PIN keys of {cipher.upper()}")


def _pin_ciphers(dialect: Dialect) -> set[CipherName]:
    if derived := DUKPT.get(dialect.security.keys):
        return {derived.cipher}
    return {package.cipher for package in dialect.security.packages.values()}


def _signature(dialect: Dialect, signature: SignatureProfile) -> Iterator[DataError]:
    path: KeyPath = ("terminal", "signature")
    for key, elements in (("carries", signature.carries), ("repeats", signature.repeats)):
        for element in elements:
            if element not in dialect.elements:
                problem = f"unknown element '{element}'{did_you_mean(element, dialect.elements)}"
                yield dialect.error((*path, key), problem)
    image = dialect.elements.get("image")
    if image is None:
        yield dialect.error(path, "there is no element 'image' that could carry one")
    elif signature.max_bytes > dialect.fields[image.de].maximum:
        field = dialect.fields[image.de]
        problem = f"an image of {signature.max_bytes} bytes does not fit DE {field.de}, which has format {field.format}"
        yield dialect.error((*path, "max_bytes"), problem)
    if signature.parts is not None:  # inherited, perhaps, by a dialect that takes the route of parts away
        for route in dialect.routes:
            if route.service == "signature_part" and "function" not in route.when:
                yield dialect.error((*route.path, "when"), "names no 'function' by which the parts are numbered")


def note_terminal(dialect: Dialect) -> Iterator[DataError]:
    """Yield names in ``[terminal]`` that are never met."""
    try:
        profile = dialect.terminal_profile
    except DataError:  # `check_terminal` reports it
        return
    if profile is None:
        return
    services = {route.service for route in dialect.routes}
    lists: list[tuple[tuple[str, ...], Collection[Any], Collection[Any], str]] = [
        (("sign_on_again",), profile.sign_on_again, dialect.codes, "[codes] has no"),
        (("partial",), profile.partial, dialect.codes, "[codes] has no"),
        (("reversal", "done"), profile.reversal.done, dialect.codes, "[codes] has no"),
        (("reversal", "leaves_out"), profile.reversal.leaves_out, dialect.fields, "this dialect has no DE"),
        (("without_stan",), profile.without_stan, services, "there is no route of service"),
        (("slip", "free"), profile.slip.free, profile.entries, "[terminal.entries] has no"),
    ]
    yield from _without_route(dialect, profile)
    if profile.signature is not None:
        lists.append((("signature", "done"), profile.signature.done, dialect.codes, "[codes] has no"))
    for key, names, known, lacks in lists:
        for name in sorted(names):
            if name not in known:
                shown = name if isinstance(name, int) else f"'{name}'"
                yield dialect.error(("terminal", *key), f"never met: {lacks} {shown}")


def _without_route(dialect: Dialect, profile: TerminalProfile) -> Iterator[DataError]:
    """Yield what is written about signatures that no route takes."""
    written = dialect.document.data["terminal"].get("signature")
    if written is None:
        return
    if profile.signature is None:
        yield dialect.error(("terminal", "signature"), "has no effect: no route serves 'signature'")
    elif "parts" in written and profile.signature.parts is None:
        yield dialect.error(("terminal", "signature", "parts"), "has no effect: no route serves 'signature_part'")


def _hint(name: str, known: Mapping[str, object]) -> str:
    return did_you_mean(name, known) or (f"; known: {', '.join(sorted(known))}" if known else "; there are none")
