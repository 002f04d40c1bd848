"""``acquirer certify``: a terminal certified by cases; which cases there are; two reports compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acquirer.cli.certify_run import run
from acquirer.cli.errors import Code
from acquirer.data.text import printable

if TYPE_CHECKING:
    from acquirer.certification.case import CertificationCase

app = typer.Typer()
app.command("run")(run)

_CasesOption = Annotated[
    list[str] | None,
    typer.Option("--cases", metavar="NAME|FILE.toml", help="Files of cases; without it, all that ship. Repeatable."),
]
_JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_cases(cases: _CasesOption = None, as_json: _JsonOption = False) -> int:
    """List cases: name, severity, what must be so."""
    from acquirer.app.certification.prepare import prepare_cases
    from acquirer.cli.json_output import print_array
    from acquirer.cli.listing import print_table

    prepared = prepare_cases(cases or ())
    if as_json:
        print_array(_case_document(one) for one in prepared.cases)
        return Code.OK
    rows = [(one.name, one.file, one.severity, ", ".join(one.needs), one.title) for one in prepared.cases]
    print_table(("case", "file", "severity", "needs", "what must be so"), rows)
    return Code.OK


@app.command("show")
def show_case(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Its name, as 'list' shows it.")],
    cases: _CasesOption = None,
    as_json: _JsonOption = False,
) -> int:
    """Show one case: why, source, its steps, and what is expected."""
    from acquirer.app.certification.prepare import find_case, prepare_cases
    from acquirer.cli.json_output import print_object
    from acquirer.cli.listing import KEY, QUIET, Painter

    prepared = prepare_cases(cases or ())
    found = find_case(prepared, case)
    if as_json:
        print_object(_case_document(found))
        return Code.OK
    painter = Painter()
    print(f"{painter.paint(found.name, KEY)} ({found.severity}, {found.file})")
    print(printable(found.title))
    print(f"\nwhy     {printable(found.why)}\nsource  {printable(found.source)}")
    if found.needs:
        print(f"needs   {', '.join(found.needs)}")
    for step in found.steps:
        print(f"\n{step.number}  {printable(step.do)}")
        if step.host:
            print(painter.paint(f"   The host {printable(step.host)}.", QUIET))
        for one in step.expectations:
            print(f"   - {printable(one.what)}{' (should)' if one.severity != found.severity else ''}")
            print(painter.paint(f"     {printable(one.words)}", QUIET))
    return Code.OK


@app.command("diff")
def diff(
    before: Annotated[Path, typer.Argument(metavar="A", help="The earlier report.json, or the folder of its run.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="The later one.")],
    as_json: _JsonOption = False,
) -> int:
    """Compare two reports, case by case: worse, better, changed, new, gone. Ends with 1 when a case is worse."""
    from acquirer.app.certification.run_folder import load_report
    from acquirer.certification.comparison import CHANGES, change_document, compare_reports, counted_changes
    from acquirer.cli.json_output import print_object
    from acquirer.cli.listing import BAD, GOOD, QUIET, Painter

    earlier, later = load_report(before), load_report(after)
    changes = compare_reports(earlier, later)
    counted = counted_changes(changes)
    code = Code.EXPECTATION_FAILED if counted["worse"] else Code.OK
    if as_json:
        print_object({"totals": counted, "changes": [change_document(one) for one in changes]})
        return code
    painter = Painter()
    styles = {"worse": BAD, "better": GOOD}
    for one in changes:
        if one.change == "same":
            continue
        verdicts = " → ".join(result.verdict if result else "–" for result in (one.before, one.after))
        print(f"{painter.paint(f'{one.change:8}', styles.get(one.change, QUIET))}{one.name}  {verdicts}")
        for line in one.lines:
            print(f"        {printable(line.partition(chr(10))[0])}")
    print(", ".join(f"{counted[change]} {change}" for change in CHANGES if counted[change]) or "no cases")
    if earlier.tid != later.tid:
        print(f"note: {earlier.tid} before, {later.tid} after: these are two terminals")
    return code


def _case_document(case: CertificationCase) -> dict[str, Any]:
    """Return a case for machines."""
    return {
        "name": case.name,
        "title": case.title,
        "file": case.file,
        "severity": case.severity,
        "why": case.why,
        "source": case.source,
        "time_s": case.time_s,
        "needs": list(case.needs),
        "allows": list(case.allows),
        "steps": [
            {
                "do": step.do,
                "host": step.host,
                "operation": step.operation.operation.name if step.operation else "",
                "expectations": [
                    {"what": one.what, "severity": one.severity, "expected": one.words, "line": one.line}
                    for one in step.expectations
                ],
            }
            for step in case.steps
        ],
    }
