"""`factory definitions check`: every fault of a definition by line, without a broker."""

from pathlib import Path
from typing import Annotated

import typer

from processors.workflow.definition import check_definition
from schemas.output import OperatorError, print_json, print_rows

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def check(
    file: Annotated[Path, typer.Argument(help="The definition, YAML.")], as_json: Json = False
) -> None:
    """Check a definition's text; unknown skills are found only when it is published. Ends with 1 on a fault."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} cannot be read: {error}.") from error
    definition, findings = check_definition(text)
    if as_json:
        print_json([finding._asdict() for finding in findings])
    elif definition is None:
        print_rows([finding._asdict() for finding in findings], as_json=False)
    else:
        tasks = len(definition.tasks_by_path)
        print(f"{definition.name} {definition.version}: {tasks} tasks, no faults.")
    if findings:
        raise typer.Exit(1)


def register(definitions: typer.Typer) -> None:
    """Add `check` to the group of definitions."""
    definitions.command("check")(check)
