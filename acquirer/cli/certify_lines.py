"""What a certification shows while it runs."""

from __future__ import annotations

from typing import Final, TextIO

from acquirer.certification.case import CaseStep, CertificationCase
from acquirer.certification.report import VERDICTS, CaseFinding, CaseResult, CaseVerdict
from acquirer.cli.listing import BAD, GOOD, KEY, QUIET, Painter
from acquirer.data.text import printable
from acquirer.journal.entry import Entry
from acquirer.matcher.expression import value_text

_STYLES: Final[dict[CaseVerdict, str]] = {"passed": GOOD, "failed": BAD, "not-judged": BAD, "not-done": QUIET}


class CertificationLines:
    """Prints each case as it is done. See `app.certification.course.CertificationObserver`."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._painter = Painter()

    def case_began(self, case: CertificationCase, number: int, total: int) -> None:
        """Show what a case is about."""
        severity = "" if case.severity == "must" else " (should)"
        self._say(
            f"\n{self._painter.paint(f'{number}/{total}', QUIET)}  {self._painter.paint(case.name, KEY)}{severity}"
        )
        self._say(f"     {printable(case.title)}")

    def step_began(self, _case: CertificationCase, step: CaseStep) -> None:
        """Show what is to be done."""
        self._say(f"   → {printable(step.do)}")
        if step.host:
            self._say(self._painter.paint(f"     The host {printable(step.host)}.", QUIET))

    def exchange_seen(self, entry: Entry) -> None:
        """Show what has arrived, and what was answered; of bytes that are no request, and of handshakes, why."""
        if not entry.mti:
            answer = f"  → {entry.code}" if entry.code else ""
            why = printable(entry.why or entry.failure or str(entry.reason))
            self._say(self._painter.paint(f"     ← {why}{answer}", QUIET))
            return
        amount = "" if entry.amount_minor is None else value_text("amount", entry.amount_minor)
        words = " ".join(filter(None, (entry.mti, entry.service, entry.stan, amount)))
        fault = f" [{entry.fault}]" if entry.fault else ""
        answer = f"{entry.code or 'no answer'}{fault}"
        self._say(self._painter.paint(f"     ← {printable(words)}  → {printable(answer)}", QUIET))

    def case_ended(self, result: CaseResult) -> None:
        """Show how it went, and what does not hold."""
        verdict = self._painter.paint(VERDICTS[result.verdict], _STYLES[result.verdict])
        sentence = f": {_first(result.sentence)}" if result.sentence else ""
        self._say(f"     {verdict}{sentence}")
        for one in result.findings:
            if one.difference:
                self._finding(one)

    def _finding(self, one: CaseFinding) -> None:
        word = "not judged" if one.unjudged else "should" if one.severity == "should" else "not so"
        self._say(f"       {self._painter.paint(word, BAD if word == 'not so' else QUIET)}  {printable(one.what)}")
        for line in one.difference.split("\n"):
            self._say(f"         {printable(line)}")

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _first(text: str) -> str:
    return printable(text.partition("\n")[0])
