"""Cases run one after another, each judged when it is over.

A case that does not pass ends none of the others. After each one the report is kept, so that a run which is
interrupted can be gone on with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from acquirer.app.certification.course import CaseCourse, CertificationObserver, PersonWish, RunContext
from acquirer.app.certification.host import CertifyingHost
from acquirer.app.certification.performing import CannotPerform, StepPerformer, Wish
from acquirer.app.certification.prepare import PreparedCases
from acquirer.certification.case import FEATURES, CertificationCase
from acquirer.certification.judging import judge_conduct
from acquirer.certification.report import (
    CaseFinding,
    CaseResult,
    CaseVerdict,
    CertificationReport,
    DoneStep,
    judged_verdict,
)
from acquirer.errors import ConfigurationError


def run_cases(
    prepared: PreparedCases,
    report: CertificationReport,
    host: CertifyingHost,
    performer: StepPerformer,
    observer: CertificationObserver,
    *,
    timezone: tzinfo,
    keep: Callable[[CertificationReport], None],
    now_s: Callable[[], float] = time.monotonic,
) -> bool:
    """Run the cases that a report does not have yet, and add them to it; return whether all were run.

    Args:
        timezone: of the host, in which conditions name times.
        keep: makes the report durable, after each case.
        now_s: a clock that only goes forward.
    """
    context = RunContext(prepared.dialect, report.tid, host, performer, observer, timezone, now_s)
    runner = _Runner(context, report)
    known = {one.name for one in report.results}
    for number, case in enumerate(prepared.cases, 1):
        if case.name in known:
            continue
        earlier: list[CaseVerdict] = []
        wish: Wish | None = Wish.REPEAT
        while wish is Wish.REPEAT:
            observer.case_began(case, number, len(prepared.cases))
            result, wish = runner.run(case)
            if wish is None:
                result = replace(result, earlier=tuple(earlier))
                report.put(result)
                keep(report)
                observer.case_ended(result)
                wish = performer.end(result)
            earlier.append(result.verdict)
        if wish is Wish.QUIT:
            return False
    return True


@dataclass(slots=True)
class _Runner:
    context: RunContext
    report: CertificationReport

    def run(self, case: CertificationCase) -> tuple[CaseResult, Wish | None]:
        """Run one case; return how it went, and what the person wants instead of the next one."""
        began, began_s = datetime.now(UTC).isoformat(timespec="seconds"), self.context.now_s()
        lacking = [FEATURES[one] for one in case.needs if one in self.report.without]
        if lacking:
            sentence = f"not for this terminal, which is none that {' and '.join(lacking)}"
            return self._result(case, began, 0.0, "not-done", sentence, lacks=sentence), None
        course = CaseCourse(self.context, case, began_s + case.time_s)
        wish: Wish | None = None
        verdict: CaseVerdict | None = None
        sentence = ""
        try:
            course.run()
        except PersonWish as exc:
            wish = exc.wish
            verdict, sentence = "not-done", "left out by the person who did the cases"
        except CannotPerform as exc:
            verdict, sentence = ("not-done" if exc.skip else "not-judged"), str(exc)
        except ConfigurationError as exc:  # a reference that stands for nothing: what it names did not arrive
            verdict, sentence = "not-judged", str(exc)
        finally:
            course.end()
        judged_now = course.done and verdict != "not-done"
        findings = (*course.findings, *judge_conduct(case, course.evidence)) if judged_now else ()
        judged = judged_verdict(findings, case.severity)
        if verdict is None or (verdict == "not-judged" and judged == "failed"):
            verdict = judged
        if verdict == "not-judged" and not sentence:
            sentence = next((one.difference for one in findings if one.unjudged), "")
        took_s = self.context.now_s() - began_s
        result = self._result(case, began, took_s, verdict, sentence, findings=findings, course=course)
        return result, wish if wish in (Wish.REPEAT, Wish.QUIT) else None

    def _result(
        self,
        case: CertificationCase,
        began: str,
        took_s: float,
        verdict: CaseVerdict,
        sentence: str,
        *,
        lacks: str = "",
        findings: Sequence[CaseFinding] = (),
        course: CaseCourse | None = None,
    ) -> CaseResult:
        return CaseResult(
            name=case.name,
            title=case.title,
            file=case.file,
            severity=case.severity,
            why=case.why,
            source=case.source,
            verdict=verdict,
            sentence=sentence,
            lacks=lacks,
            findings=tuple(findings),
            steps=tuple(DoneStep(one.do, one.host) for one in (course.done if course else case.steps)),
            transcript=course.transcript if course else "",
            began=began,
            took_s=round(took_s, 3),
        )
