"""`factory`: the command line, put together from the packages' own.

Each sub-command lives beside what it commands. Exit codes: 0 done, 1 a finding or a failure, 2 not
understood, 130 interrupted. stdout is for results, stderr for progress and for what went wrong.
"""

import sys

import typer

from schemas.output import OperatorError
from streams.local.cli import app as kafka
from topics.cli import app as topics

app = typer.Typer(
    name="factory",
    help="The Factory Control Plane.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(kafka, name="kafka")
app.add_typer(topics, name="topics")


def main() -> None:
    """Run the command line; what a person can put right ends as one sentence, without a trace."""
    try:
        app(prog_name="factory")
    except OperatorError as error:
        sys.stderr.write(f"factory: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
