"""What is wrong with the messages of a dialect: MACs that would cover themselves, requests nobody answers, names that
mean the same place, layouts that fit the same message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

from acquirer.data.toml import KeyPath, did_you_mean
from acquirer.dialect.definitions import ReplySpec, Route
from acquirer.dialect.dialect import Dialect
from acquirer.wire.grammar import Layout, Locator

Finding = tuple[KeyPath, str]
"""Where, and what."""

_MAC = ("mac", "mac_secondary")


def services(dialect: Dialect, known: Iterable[str]) -> Iterator[Finding]:
    """Routes that claim to be served and that no host serves; `known` are the services there are."""
    known = list(known)
    for route in dialect.routes if known else ():
        if route.served and route.service not in known:
            hint = did_you_mean(route.service, known) or f"; there are {', '.join(known)}"
            problem = f"no host serves '{route.service}'{hint} (served = false makes it known by name only)"
            yield _path(route), problem


def _path(route: Route) -> KeyPath:
    return ("routes" if route.served else "unserved", route.name or route.service)


def _replies(dialect: Dialect) -> Iterator[Finding]:
    """Every request that is served has a reply, and the reply says how it went."""
    for route in dialect.routes:
        if not route.served:
            continue
        path = _path(route)
        if not route.reply.echo and not route.reply.make:
            yield path, 'has no reply; say what it echoes and makes: reply = { echo = [11, 41], make = ["code"] }'
            continue
        for key, answer in (("reply", route.reply), ("refusal", route.refusal)):
            if "code" in dialect.elements and "code" not in answer.make:
                yield (*path, key), "makes no 'code': a terminal cannot tell how it went"
        reply = dialect.response_mti(route.mti)
        if route.mti in dialect.mtis and reply not in dialect.mtis:
            yield (*path, "mti"), f"{reply}, its reply, has no name in [mtis]"


def _mac(dialect: Dialect) -> Iterator[Finding]:
    """A MAC has its field, is what replies promise, and stands behind all that it covers."""
    security, elements = dialect.security, dialect.elements
    for name in _MAC:
        field = dialect.fields[elements[name].de] if name in elements else None
        if field and (field.kind != "b" or field.length_bytes or field.maximum != security.mac_bytes):
            yield (
                ("elements", name),
                f"a MAC has {security.mac_bytes} bytes, and DE {field.de} has format {field.format}",
            )
    if "mac" not in elements:
        return
    if security.coverage == "head-to-mac" and not dialect.envelope.tpdu:
        yield ("security", "coverage"), "head-to-mac leaves out a TPDU, and this dialect has none"
    if security.coverage == "bitmap-to-mac" and dialect.grammar.mti_bytes != 2:
        yield (
            ("security", "coverage"),
            f"bitmap-to-mac leaves out 2 bytes of MTI, and here it has {dialect.grammar.mti_bytes}",
        )
    for route in dialect.routes:
        if not route.served:
            continue
        path = _path(route)
        promised, made = route.mac_reply != "never", any(name in route.reply.make for name in _MAC)
        if promised and not made:
            yield (*path, "mac"), "promises a MAC in the reply, and the reply does not make 'mac'"
        if made and not promised:
            yield (*path, "reply", "make"), "makes 'mac', and mac = \"both\" is not said"
        carried = {"": _asked(dialect, route), "reply": _answered(dialect, route.reply)}
        for key, des in carried.items():
            if (route.mac_request if not key else promised) and (problem := _behind(dialect, des)):
                yield (*path, *([key] if key else ["mandatory"])), problem


def _behind(dialect: Dialect, des: set[int]) -> str:
    """What stands behind the MAC of a message with these DEs."""
    mac = dialect.mac_de(dict.fromkeys(sorted(des), ""))
    after = [de for de in sorted(des) if de > mac and de not in _mac_des(dialect)]
    if not after:
        return ""
    more = "" if "mac_secondary" in dialect.elements else "; name a later DE as element 'mac_secondary'"
    return f"DE {after[0]} stands behind the MAC (DE {mac}), which would lie inside its own coverage{more}"


def _mac_des(dialect: Dialect) -> set[int]:
    return {dialect.elements[name].de for name in _MAC if name in dialect.elements}


def _asked(dialect: Dialect, route: Route) -> set[int]:
    names = {name for entry in route.mandatory for name in entry.split(" or ")} | set(route.when)
    return {dialect.elements[name].de for name in names}


def _answered(dialect: Dialect, answer: ReplySpec) -> set[int]:
    return set(answer.echo) | {dialect.elements[name].de for name in answer.make}


def _places(dialect: Dialect) -> Iterator[Finding]:
    """Replies that make the same place twice: the second would write over the first."""
    for route in dialect.routes:
        for key, answer in (("reply", route.reply), ("refusal", route.refusal)):
            for one, other in combinations(answer.make, 2):
                here, there = dialect.elements[one], dialect.elements[other]
                if route.served and here.de == there.de and _touch(here, there):
                    yield (
                        (*_path(route), key),
                        f"makes both '{one}' and '{other}', which are the same place in DE {here.de}",
                    )


def _touch(here: Locator, there: Locator) -> bool:
    far = 1 << 30
    return here.start < (there.stop or far) and there.start < (here.stop or far)


def _layouts(dialect: Dialect) -> Iterator[Finding]:
    """Layouts longer than their field, never reached, or chosen by nothing but their order."""
    for field in dialect.fields.values():
        path: KeyPath = ("fields", str(field.de), "layouts")
        for layout in field.layouts:
            last = max((part.stop or part.start for part in layout.parts), default=0)
            if last > field.maximum:
                yield path, f"layout '{layout.name}' has {last} characters, and DE {field.de} has format {field.format}"
        for first, second in combinations(field.layouts, 2):
            if _within(second, first):
                yield path, f"'{second.name}' is never reached: '{first.name}' fits whatever it fits"
            elif _meet(first, second) and not _within(first, second):
                yield (
                    path,
                    f"'{first.name}' and '{second.name}' fit the same messages; make one the special case of the other",
                )


def _within(inner: Layout, outer: Layout) -> bool:
    """Whether every message that `inner` fits is one that `outer` fits."""
    mtis = not outer.mti or (bool(inner.mti) and set(inner.mti) <= set(outer.mti))
    return mtis and all(
        name in inner.when and set(inner.when[name]) <= set(values) for name, values in outer.when.items()
    )


def _meet(one: Layout, other: Layout) -> bool:
    """Whether a message can fit both."""
    mtis = not one.mti or not other.mti or bool(set(one.mti) & set(other.mti))
    return mtis and all(set(values) & set(other.when.get(name, values)) for name, values in one.when.items())


def _ends(dialect: Dialect) -> Iterator[Finding]:
    """Frames that end where a byte stands must not hold that byte."""
    framing = dialect.framing
    if framing.length_bytes:
        return
    end = framing.end.hex().upper()
    if dialect.envelope.tpdu or dialect.envelope.head:
        yield ("framing", "length"), f"frames end with {end}, and a TPDU or head may hold it"
    for field in dialect.fields.values():
        if field.encoding in ("binary", "bcd"):
            yield ("framing", "length"), f"frames end with {end}, and DE {field.de} is no text: it may hold it"
            return


CHECKS: tuple[Callable[[Dialect], Iterator[Finding]], ...] = (_replies, _mac, _places, _layouts, _ends)
