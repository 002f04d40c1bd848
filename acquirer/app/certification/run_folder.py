"""The folder of a run: its report in three forms, the store of its host, and what is needed to go on with it.

``report.json`` is written anew after each case, as a whole, so that a run which ends in any way can be gone on with.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from acquirer.certification.junit import certification_junit
from acquirer.certification.page import certification_page
from acquirer.certification.reading_report import read_report
from acquirer.certification.report import CertificationReport, report_document
from acquirer.data.toml import DataError
from acquirer.settings.private_file import replace_private
from acquirer.settings.text_file import read_text_file

JSON_NAME: Final = "report.json"
HTML_NAME: Final = "report.html"
JUNIT_NAME: Final = "junit.xml"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One such folder."""

    path: Path

    @property
    def store(self) -> str:
        """Where the host of the run keeps its books and its journal."""
        return f"sqlite:///{(self.path / 'host.db').resolve().as_posix()}"

    @property
    def holds_a_run(self) -> bool:
        """Whether a run was begun in it."""
        return (self.path / JSON_NAME).exists()

    def make(self) -> None:
        """Make the folder for a new run. Raises DataError."""
        if self.holds_a_run:
            problem = "holds a run already; name another folder, or go on with that run by --resume"
            raise DataError(str(self.path), 0, "", problem)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise DataError(str(self.path), 0, "", f"cannot be made: {exc.strerror}") from None

    def keep(self, report: CertificationReport) -> None:
        """Make the report durable, as far as it is. Raises DataError."""
        self._write(JSON_NAME, json_bytes(report))

    def finish(self, report: CertificationReport) -> None:
        """Write the report in all its forms. Raises DataError."""
        self.keep(report)
        self._write(HTML_NAME, certification_page(report).encode())
        self._write(JUNIT_NAME, certification_junit(report))

    def load(self) -> CertificationReport:
        """Return the report of the run, as far as it is. Raises DataError."""
        return load_report(self.path / JSON_NAME)

    def _write(self, name: str, data: bytes) -> None:
        try:
            replace_private(self.path / name, data)
        except OSError as exc:
            raise DataError(str(self.path / name), 0, "", f"cannot be written: {exc.strerror}") from None


def load_report(path: Path) -> CertificationReport:
    """Return the report of a file, or of a folder that holds one. Raises DataError."""
    file = path / JSON_NAME if path.is_dir() else path
    try:
        text = read_text_file(file)
    except (OSError, UnicodeDecodeError, ValueError) as exc:
        reason = exc.strerror or exc if isinstance(exc, OSError) else "not UTF-8"
        problem = f"cannot be read ({reason}); name a report.json, or the folder of a run"
        raise DataError(str(file), 0, "", problem) from None
    return read_report(text, str(file))


def json_bytes(report: CertificationReport) -> bytes:
    """Return a report as JSON, for people too: a line for each value."""
    return json.dumps(report_document(report), ensure_ascii=False, indent=1).encode() + b"\n"
