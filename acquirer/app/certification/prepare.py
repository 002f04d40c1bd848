"""Cases with all that they name: read and checked before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

from acquirer.app.journeys.prepare import TERMINAL_OPTIONS
from acquirer.app.terminal_core import TerminalCore
from acquirer.app.terminal_options import TerminalOptions
from acquirer.certification.case import FEATURES, CaseFile, CertificationCase, Feature
from acquirer.certification.reading import CaseContext, read_cases, read_certification_header
from acquirer.data.toml import DataError, Document, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.host.issuer.cards import CardTable
from acquirer.journey.journey import DEFAULT_TID
from acquirer.settings.cards import load_cards
from acquirer.settings.named_files import CERTIFICATIONS
from acquirer.settings.registration import Registration
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import named_or_demo_terminals

SHIPPED: Final = (
    "sign-on",
    "keys",
    "transactions",
    "reversals",
    "replies",
    "frames",
    "signatures",
    "operators",
)
"""The files that ship, in the order in which a person does them: first what everything else needs."""


@dataclass(frozen=True, slots=True)
class PreparedCases:
    """Cases that can be run.

    Args:
        files: in order; each with its own cases.
        named: the files as they were named.
        dialect_source: the dialect as the files name it: a name, or a path.
        digest: of the files, so that a run is not gone on with under others.
        timeout_s: how long the terminal waits for an answer.
    """

    files: tuple[CaseFile, ...]
    named: tuple[str, ...]
    dialect: Dialect
    dialect_source: str
    cards: CardTable
    digest: str
    timeout_s: float

    @property
    def cases(self) -> tuple[CertificationCase, ...]:
        """All of them, in order."""
        return tuple(case for file in self.files for case in file.cases)


def prepare_cases(names: Sequence[str] = (), *, timeout_s: float = 0.0, only: Collection[str] = ()) -> PreparedCases:
    """Return the cases of some files, by the names under which they ship, or by paths that end in ``.toml``.

    Args:
        names: none: all that ship.
        timeout_s: how long the terminal waits for an answer; 0: as its dialect says.
        only: patterns of the names of cases; none: all.

    Raises:
        DataError: a file cannot be read or used: one sentence with file, line and key.
    """
    chosen = tuple(names) or SHIPPED
    digest = hashlib.sha256()
    cards = load_cards()
    dialect: Dialect | None = None
    source = ""
    files: list[CaseFile] = []
    places: dict[str, str] = {}
    for name in chosen:
        document = CERTIFICATIONS.read(name)
        header = read_certification_header(document)
        wanted = _beside(CERTIFICATIONS.path(name).parent, header.dialect)
        if dialect is None:
            dialect, source = load_dialect(wanted), wanted
            profile = dialect.terminal_profile
            if profile is None:
                raise document.error(
                    ("certification", "dialect"), "does not describe its terminals; choose another one"
                )
            timeout_s = float(timeout_s or profile.reply_timeout_s)
        elif wanted != source:
            problem = f"is another dialect than that of {chosen[0]}, {source}; certify one after the other"
            raise document.error(("certification", "dialect"), problem)
        cases = read_cases(document, CaseContext(dialect, [one.name for one in cards.cards.values()], timeout_s))
        for number, case in enumerate(cases):
            _check_terminal(document, number, case, source)
            if case.name in places:
                problem = f"case '{case.name}' stands in {places[case.name]} too; no two have the same name"
                raise DataError(document.name, case.line, "", problem)
            places[case.name] = document.name
        digest.update(json.dumps([document.data, timeout_s], default=str).encode())
        files.append(CaseFile(header.name, header.about, header.dialect, cases))
    assert dialect is not None
    if only:
        files = list(_only(files, only))
    return PreparedCases(tuple(files), chosen, dialect, source, cards, digest.hexdigest()[:16], timeout_s)


def find_case(prepared: PreparedCases, name: str) -> CertificationCase:
    """Return a case by its name. Raises DataError."""
    for case in prepared.cases:
        if case.name == name:
            return case
    raise DataError("CASE", 0, "", _no_case(name, [case.name for case in prepared.cases]))


def terminal_to_certify(tid: str, terminals: Path | None) -> Registration:
    """Return a terminal of a file, or of the demo set. Raises DataError."""
    known = {one.tid: one for one in named_or_demo_terminals(terminals)}
    if tid in known:
        return known[tid]
    where = str(terminals) if terminals else "the demo set"
    hint = did_you_mean(tid, known) or "; name a file that holds it with --terminals"
    raise DataError("--tid", 0, "", f"{where} holds no terminal '{tid}'{hint}")


def read_features(names: Sequence[str]) -> tuple[Feature, ...]:
    """Return features by their names, as ``--without`` has them. Raises DataError."""
    words = [word for name in names for word in name.replace(",", " ").split()]
    for word in words:
        if word not in FEATURES:
            hint = did_you_mean(word, FEATURES) or f"; there are {', '.join(FEATURES)}"
            raise DataError("--without", 0, "", f"there is no feature '{word}'{hint}")
    return tuple(one for one in FEATURES if one in words)


def _check_terminal(document: Document, number: int, case: CertificationCase, dialect: str) -> None:
    """Set our terminal up once with what a case sets. Raises DataError."""
    if not case.terminal:
        return
    for name in case.terminal:
        if name not in TERMINAL_OPTIONS:
            raise document.unknown(("case", number, "terminal", name), TERMINAL_OPTIONS)
    options: dict[str, Any] = {**case.terminal, "dialect": dialect}
    try:
        TerminalCore(DEFAULT_TID, **cast("TerminalOptions", options))
    except (TypeError, ValueError) as exc:
        raise document.error(("case", number, "terminal"), str(exc)) from None


def _only(files: Sequence[CaseFile], patterns: Collection[str]) -> Iterator[CaseFile]:
    names = [case.name for file in files for case in file.cases]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise DataError("--case", 0, "", _no_case(pattern, names))
    for file in files:
        cases = tuple(one for one in file.cases if any(fnmatchcase(one.name, pattern) for pattern in patterns))
        if cases:
            yield CaseFile(file.name, file.about, file.dialect, cases)


def _no_case(name: str, known: Sequence[str]) -> str:
    return f"there is no case '{name}'{did_you_mean(name, known) or '; acquirer certify list shows them'}"


def _beside(base: Path, name: str) -> str:
    """Return a name as it is, and the path of a file from where the cases lie."""
    return str(base / name) if name.endswith(".toml") else name
