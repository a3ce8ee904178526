"""`stesim tools check` and `stesim tools import`: tools of one's own, looked through and made from a document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mocktools.check import Finding
from stesim.cli.common import echo_json, plain
from stesim.offline import no_network
from stesim.report.summary import some
from stesim.toolbox import user_errors


@click.command(
    epilog="\b\nExamples:\n  stesim tools check mytools/\n  stesim tools check mytools.py --json\n"
    "  stesim tools check                 the bundled tools and their tables\n"
)
@click.argument("path", required=False, metavar="[PATH|NAME]", type=click.Path())
@click.option("--json", "json_", is_flag=True, help="Print a list of findings.")
def check(path: str | None, json_: bool) -> None:
    """Verify the tools in PATH: a folder, a JSON file or a Python file; or those of a toolset's NAME.

    Looks at the form of every file, makes each tool's example call, and finds fixtures that nothing can reach, secrets
    that should not be stored, and what is too large. Exits with 1 if there is an error; warnings alone are no error.
    """
    from mocktools.check import check as look_through

    with no_network(), user_errors():
        findings = look_through(path)
    if json_:
        echo_json([asdict(finding) for finding in findings])
    else:
        _show(findings)
    if any(finding.level == "error" for finding in findings):
        raise SystemExit(1)


def _show(findings: list[Finding]) -> None:
    for finding in findings:
        place = f", {finding.place}" if finding.place else ""
        click.echo(plain(f"{finding.level}: {finding.file}{place}: {finding.message}"))
    errors = sum(finding.level == "error" for finding in findings)
    counts = [some(errors, "error"), some(len(findings) - errors, "warning")]
    click.echo(", ".join(counts) if findings else "all is well")


@click.command(
    "import",
    epilog="\b\nExamples:\n  stesim tools import openapi.yaml --out mytools/\n"
    "  stesim tools import openapi.json --out mytools/ --tag pets --only 'get*'\n",
)
@click.argument("document", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The folder to write; new, or of an import."
)
@click.option("--only", multiple=True, metavar="NAME", help="Only these operations; * is any text. Repeatable.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only operations with this tag. Repeatable.")
@click.option("--deprecated/--no-deprecated", default=True, help="Whether deprecated operations count.  [default: yes]")
@click.option("--no-check", is_flag=True, help="Do not hold the document against OpenAPI's own rules.")
@click.option("--json", "json_", is_flag=True, help="Print what was done as an object.")
def import_(
    document: Path,
    out: Path,
    only: tuple[str, ...],
    tags: tuple[str, ...],
    deprecated: bool,
    no_check: bool,
    json_: bool,
) -> None:
    """Make tools of the operations of an OpenAPI 3 DOCUMENT (YAML or JSON).

    They answer from the document's examples, or with values made from its schemas; `stesim tools record` adds real
    answers. An operation that cannot become a tool is left out, with the reason.
    """
    from mocktools.openapi import import_document

    click.echo(f"reading {plain(str(document))} …", err=True)
    with no_network(), user_errors():
        done = import_document(document, out, only=only, tags=tags, deprecated=deprecated, check=not no_check)
    if json_:
        echo_json({**asdict(done), "out": str(done.out)})
        return
    for name, why in done.skipped:
        click.echo(plain(f"skipped: {name}: {why}"))
    for note in (*done.notes, *(f"the document breaks a rule: {fault}" for fault in done.faults)):
        click.echo(plain(f"note: {note}"))
    counts = f"{len(done.tools)} tools in {done.out}, {done.examples} with an example of the document"
    click.echo(plain(f"{done.title} {done.version}: {counts}; {len(done.skipped)} operations skipped"))
    click.echo(plain(f"Explore them with: stesim run --toolset {done.out}/"))
