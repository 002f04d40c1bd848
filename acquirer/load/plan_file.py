"""Plans as TOML files: each key is read with its form; what cannot be used is one sentence with file, line and key."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from acquirer.data.table import Table
from acquirer.data.toml import DataError, parse_toml
from acquirer.load.arrivals import SHAPES
from acquirer.load.durations import BackOff, ThinkTime
from acquirer.load.phase import LoadPhase
from acquirer.load.phases import PHASES, Burst, Constant, Herd, PoissonArrivals, Ramp, Users
from acquirer.load.plan import LoadPlan
from acquirer.load.plan_journeys import journey_of
from acquirer.load.plan_values import count_of, duration_of, number_of, rate_of, share_of, whole_of
from acquirer.load.terminal_journeys import JOURNEYS, TerminalJourney
from acquirer.load.thresholds import Threshold, ThresholdError, read_threshold
from acquirer.scenario.parameters import read_duration_ms
from acquirer.settings.text_file import read_text_file

MOST_WORKERS: Final = 64
MOST_PHASES: Final = 250  # a record has a byte for its phase
MOST_SEED: Final = 2**32

HOST: Final = "127.0.0.1:8583"


def read_plan(path: Path) -> LoadPlan:
    """Return the plan of a file.

    Raises:
        DataError: with file, line and key.
    """
    try:
        text = read_text_file(path)
    except UnicodeDecodeError:
        raise DataError(str(path), 0, "", "is not UTF-8 text") from None
    except OSError as exc:
        raise DataError(str(path), 0, "", f"cannot be read: {(exc.strerror or str(exc)).lower()}") from None
    return plan_of(Table(parse_toml(text, str(path))), path.parent)


def plan_of(table: Table, folder: Path) -> LoadPlan:
    """Return the plan of a parsed file.

    Args:
        folder: against which the files of terminals and cards are looked up.
    """
    table.only(_KEYS)
    journey = journey_of(table, _SIGN_ON)
    terminals, cards = table.text("terminals", ""), table.text("cards", "")
    plan = LoadPlan(
        host=_host(table),
        terminals=str(folder / terminals) if terminals else None,
        phases=_phases(table, journey),
        cards=str(folder / cards) if cards else None,
        dialect=table.text("dialect", "unionpay-pos"),
        kept=table.flag("kept", False),
        verify=table.flag("verify", True),
        repeat=table.flag("repeat", False),
        sources=tuple(source for text in table.texts("source", ()) for source in _source(table, text)),
        timeout_s=duration_of(table, "timeout", 0.0),
        seed=whole_of(table, "seed", 1, least=0, most=MOST_SEED),
        workers=whole_of(table, "workers", 1, most=MOST_WORKERS),
        thresholds=_thresholds(table),
        tls=_tls(table, folder),
    )
    table.end()
    return plan


def _tls(table: Table, folder: Path) -> dict[str, str] | None:
    """Return how the host is called over TLS, files found from the folder of the plan."""
    if table.raw("tls") is None:
        return None
    own = table.table("tls")
    own.only(("authority", "certificate", "key", "name", "version"))
    files = {key: str(folder / text) for key in ("authority", "certificate", "key") if (text := own.text(key, ""))}
    if "authority" not in files:
        raise own.error("authority", "is missing: name the file of who signs the host's certificate")
    words = {key: text for key in ("name", "version") if (text := own.text(key, ""))}
    own.end()
    return {**files, **words}


def read_sources(text: str) -> tuple[str, ...]:
    """Return the addresses that are named, ranges of the last part spelled out. Raises ValueError.

    >>> read_sources("127.0.0.1..3,10.0.0.1")
    ('127.0.0.1', '127.0.0.2', '127.0.0.3', '10.0.0.1')
    """
    found: list[str] = []
    for part in filter(None, text.split(",")):
        first, dots, last = part.strip().partition("..")
        try:
            begin = ipaddress.ip_address(first)
            end = int(begin) if not dots else int(begin) - int(begin) % 256 + int(last)
            if not 0 <= end - int(begin) < 256:
                raise ValueError
        except ValueError:
            raise ValueError(f"'{part}' is no address; write 127.0.0.1 or 127.0.0.1..8") from None
        found += [str(begin + n) for n in range(end - int(begin) + 1)]
    return tuple(found)


# phases


def _phases(table: Table, journey: TerminalJourney) -> tuple[LoadPhase, ...]:
    if not isinstance(table.raw("phase"), list) or not table.raw("phase"):
        raise table.error("phase", 'is missing: write [[phase]], and below it kind = "burst"')
    tables = table.tables("phase")
    if len(tables) > MOST_PHASES:
        raise table.error("phase", f"a plan has at most {MOST_PHASES} phases")
    phases = tuple(_phase(one, journey) for one in tables)
    for place, phase in enumerate(phases):
        if phase.name and phase.name in [other.name for other in phases[:place]]:
            raise tables[place].error("name", f"another phase is called '{phase.name}'; names are unique")
    return phases


def _phase(table: Table, journey: TerminalJourney) -> LoadPhase:
    kind = table.choice("kind", PHASES)
    reader, own = _READERS[kind]
    table.only((*_COMMON, *own))
    phase = reader(table)
    given: dict[str, Any] = {
        "name": table.text("name", ""),
        "journey": journey_of(table, journey),
        "pause_s": duration_of(table, "pause", 0.0),
    }
    table.end()
    return replace(phase, **given)


def _burst(table: Table) -> LoadPhase:
    return Burst(
        count=count_of(table), within_s=duration_of(table, "within"), shape=table.choice("shape", SHAPES, "even")
    )


def _constant(table: Table) -> LoadPhase:
    return Constant(rate_per_s=rate_of(table, "rate"), for_s=duration_of(table, "for"))


def _poisson(table: Table) -> LoadPhase:
    return PoissonArrivals(rate_per_s=rate_of(table, "rate"), for_s=duration_of(table, "for"))


def _ramp(table: Table) -> LoadPhase:
    first, last = rate_of(table, "from", least=0.0), rate_of(table, "to", least=0.0)
    if not first and not last:
        raise table.error("to", "goes from 0 to 0: no terminal would come")
    return Ramp(from_per_s=first, to_per_s=last, for_s=duration_of(table, "for"))


def _herd(table: Table) -> LoadPhase:
    known = BackOff()
    table_of = table.table("backoff")
    table_of.only(("initial", "factor", "max", "jitter"))
    back_off = BackOff(
        initial_s=duration_of(table_of, "initial", known.initial_s),
        factor=number_of(table_of, "factor", known.factor, least=1.0, most=10.0),
        most_s=duration_of(table_of, "max", known.most_s),
        jitter=share_of(table_of, "jitter", known.jitter),
    )
    if back_off.most_s < back_off.initial_s:
        raise table_of.error("max", "is below the initial wait")
    return Herd(
        count=count_of(table), outage_s=duration_of(table, "outage"), for_s=duration_of(table, "for"), back_off=back_off
    )


def _users(table: Table) -> LoadPhase:
    return Users(count=count_of(table), for_s=duration_of(table, "for"), think=_think(table))


_READERS: Final[Mapping[str, tuple[Callable[[Table], LoadPhase], tuple[str, ...]]]] = {
    "burst": (_burst, ("count", "within", "shape")),
    "constant": (_constant, ("rate", "for")),
    "poisson": (_poisson, ("rate", "for")),
    "ramp": (_ramp, ("from", "to", "for")),
    "herd": (_herd, ("count", "outage", "for", "backoff")),
    "users": (_users, ("count", "for", "think")),
}
_COMMON: Final = ("kind", "name", "journey", "pause")
_KEYS: Final = (
    "host", "terminals", "cards", "dialect", "kept", "verify", "repeat", "source", "timeout", "seed", "workers",
    "journey", "thresholds", "phase", "tls",
)  # fmt: skip
_SIGN_ON: Final = JOURNEYS["sign-on"].journey("sign-on")
_THINK: Final = 'write it like "2s", "1s..5s" or { median = "2s", p99 = "20s" }'


def _think(table: Table) -> ThinkTime:
    value = table.raw("think")
    if value is None:
        return ThinkTime()
    if isinstance(value, dict):
        own = table.table("think")
        own.only(("median", "p99"))
        median_s, p99_s = duration_of(own, "median"), duration_of(own, "p99")
        if p99_s < median_s:
            raise own.error("p99", "is below the median")
        return ThinkTime(median_s=median_s, p99_s=p99_s)
    if not isinstance(value, str):
        raise table.error("think", f"is no time to think; {_THINK}")
    least, dots, most = value.partition("..")
    try:
        least_s = read_duration_ms(least.strip()) / 1000
        most_s = read_duration_ms(most.strip()) / 1000 if dots else least_s
    except ValueError:
        raise table.error("think", f"'{value}' is no time to think; {_THINK}") from None
    if most_s < least_s:
        raise table.error("think", f"'{value}' ends before it begins; write the shorter time first")
    return ThinkTime(least_s, most_s)


# values


def _host(table: Table) -> str:
    host = table.text("host", HOST)
    if not re.fullmatch(r".+:[0-9]{1,5}", host) or not 0 < int(host.rpartition(":")[2]) < 65_536:
        raise table.error("host", f"'{host}' is no address; write HOST:PORT")
    return host


def _source(table: Table, text: str) -> tuple[str, ...]:
    try:
        return read_sources(text)
    except ValueError as exc:
        raise table.error("source", str(exc)) from None


def _thresholds(table: Table) -> tuple[Threshold, ...]:
    values = table.raw("thresholds")
    if values is None:
        return ()
    texts = values if isinstance(values, list) else [values]
    found = []
    for place, value in enumerate(texts):
        path = (*table.path, "thresholds", place)
        own = Table(table.document, path, value if isinstance(value, dict) else {"threshold": value})
        own.only(("threshold", "abort", "grace"))
        abort, grace_s = own.flag("abort", False), duration_of(own, "grace", 0.0)
        if grace_s and not abort:
            raise own.error("grace", "is the time in which nothing ends a run: write abort = true beside it")
        try:
            found.append(read_threshold(own.text("threshold"), abort=abort, grace_s=grace_s))
        except ThresholdError as exc:
            raise table.document.error(path, str(exc)) from None
    return tuple(found)
