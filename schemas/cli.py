"""`factory schemas`: what is on the wire, and whether it keeps its promises."""

import json
from typing import Annotated

import typer

from schemas.catalogue import catalogue
from schemas.evolution import incompatibilities
from schemas.generate import LOCK, ROOT, stale
from schemas.lint import lint_all
from schemas.output import OperatorError, print_json, print_rows

app = typer.Typer(help="The Avro schemas of every message.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show every schema: its registry id, subject, version and kind."""
    rows = [
        {
            "id": entry.id,
            "subject": f"{entry.context}.{entry.name}",
            "version": entry.version,
            "kind": entry.kind,
        }
        for entry in catalogue().entries
    ]
    print_rows(rows, as_json=as_json)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name of a message, its subject, or a registry id.")],
) -> None:
    """Print one schema as its file has it."""
    for row in json.loads(LOCK.read_text(encoding="utf-8"))["schemas"]:
        subject = row["subject"]
        if name in (subject, subject.split(".")[1], str(row["id"])):
            print((ROOT / row["file"]).read_text(encoding="utf-8"))
            return
    raise OperatorError(f"There is no schema {name}: see `factory schemas list`.")


@app.command("check")
def check(as_json: Json = False) -> None:
    """Check the rules of every file, the lock, the generated code and all pairs of versions. 1 on a finding."""
    found = findings()
    if as_json:
        print_json(found)
    else:
        print_rows(found, as_json=False)
        print(f"{len(catalogue().entries)} schemas, {len(found)} findings.")
    if found:
        raise typer.Exit(1)


def findings() -> list[dict[str, str]]:
    """List what breaks a rule of the schemas: ``where`` it stands and the ``rule``."""
    found = [{"where": f"{f.file} {f.path}", "rule": f.rule} for f in lint_all()]
    found += [{"where": str(path), "rule": "run python -m schemas.generate"} for path in stale()]
    return found + [
        {"where": f"{i.subject} v{i.writer} under v{i.reader}", "rule": i.reason}
        for i in incompatibilities()
    ]
