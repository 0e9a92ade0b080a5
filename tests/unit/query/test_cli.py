"""The command line over HTTP: tables for people, JSON for machines, one sentence for what went wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from query import cli
from query.client import Api, ProblemError, api_url, token
from query.verify.asked import Asked
from schemas.output import OperatorError
from tests.unit.query.serving import served
from tests.unit.query.story import names
from tests.unit.query.views import World

IDS = names("acme")
RANGE = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-03T00:00:00Z"]


@pytest.fixture(scope="module")
def url(shown: World) -> Iterator[str]:
    """Give where the API answers."""
    with served(shown) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def run(url: str, shown: World, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Give a runner of the command line, as a tenant in a role."""
    root, workflow = typer.Typer(), typer.Typer()
    cli.register(root, workflow)
    root.add_typer(workflow, name="workflow")

    def run_as(*arguments: str, tenant: str = "acme", role: str = "Viewer") -> Result:
        monkeypatch.setenv("FACTORY_API", url)
        monkeypatch.setenv("FACTORY_TOKEN", shown.token(tenant, role))
        return CliRunner().invoke(root, arguments)

    return run_as


@pytest.mark.parametrize(
    ("arguments", "shown_text"),
    [
        (["workflow", "show", IDS["wf"]], "WorkflowInstanceCompleted"),
        (["workflow", "list"], IDS["wf"]),
        (["workflow", "list", "--status", "Completed", "--limit", "1"], "Completed"),
        (["workflow", "explain", IDS["wf"]], "It ended well."),
        (["audit", "list"], "PolicyDecisionRecorded"),
        (["audit", "list", "--outcome", "Refused"], "POLICY_DENIED"),
        (["cost", "report", "--by", "agent", *RANGE], "0.000300"),
        (["lineage", "show", "--workflow", IDS["wf"]], "DERIVED_FROM"),
        (["lineage", "show", IDS["source"], "--direction", "down"], IDS["artifact"]),
        (["quota", "list"], "workflows.active"),
        (["decisions", "list"], "platform@1.0.0#allow"),
        (["approvals", "list"], ""),
    ],
)
def test_each_report_is_a_table_and_a_document(run, arguments: list[str], shown_text: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    table = run(*arguments)
    assert table.exit_code == 0, table.output
    assert shown_text in table.output
    document = run(*arguments, "--json")
    assert document.exit_code == 0
    json.loads(document.output)


def test_operators_see_lag_and_dead_letters(run) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    operator = {"tenant": "system", "role": "PlatformAdmin"}
    assert "0 records behind" in run("lag", **operator).output
    assert json.loads(run("dead-letters", "list", "--json", **operator).output) == []
    missing = run("dead-letters", "show", "cp.commands.v1:0:0", **operator)
    assert isinstance(missing.exception, ProblemError)
    assert missing.exception.code == "NOT_FOUND"


def test_refusals_of_the_api_are_one_sentence_with_their_code(run) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for arguments, code in (
        (["lag"], "FORBIDDEN"),
        (["workflow", "show", "wf-1"], "INVALID_ARGUMENT"),
        (["workflow", "show", names("globex")["wf"]], "NOT_FOUND"),
        (["audit", "list", "--from", "yesterday"], "INVALID_ARGUMENT"),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, ProblemError)
        assert result.exception.code == code
        assert "\n" not in str(result.exception)


def test_lineage_needs_one_root(run) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    assert isinstance(run("lineage", "show").exception, OperatorError)


def test_a_limit_holds_across_pages(run) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    rows = json.loads(run("audit", "list", "--limit", "3", "--json").output)
    assert [row["sequence"] for row in rows] == sorted((r["sequence"] for r in rows), reverse=True)
    assert len(rows) == 3


def test_a_token_is_printed_alone(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    monkeypatch.setenv("FACTORY_LOCAL", str(tmp_path))
    result = run("token", "issue", "--tenant", "acme", "--role", "Viewer", "--ttl", "60")
    assert result.exit_code == 0
    assert result.output.count(".") == 2
    assert list((tmp_path / "keys" / "api").glob("*.pem"))


def test_where_the_api_is_and_what_the_token_is_are_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="factory query serve"):
        api_url({"FACTORY_LOCAL": str(tmp_path)})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "api-url").write_text("http://127.0.0.1:1\n")
    assert api_url({"FACTORY_LOCAL": str(tmp_path)}) == "http://127.0.0.1:1"
    assert api_url({"FACTORY_API": "http://a/", "FACTORY_LOCAL": str(tmp_path)}) == "http://a"
    with pytest.raises(OperatorError, match="factory token issue"):
        token({})


def test_a_dead_api_is_a_sentence() -> None:
    api = Api("http://127.0.0.1:1", "token")
    with pytest.raises(OperatorError, match="does not answer"):
        api.get("/audit")
    api.close()


def test_the_verifier_reads_what_the_views_hold(url: str, shown: World) -> None:
    api = Api(url, shown.token("system", "PlatformAdmin"))
    asked = Asked(api, wait_s=0)
    newest = shown.rows()["acme"]
    assert [row.sequence for row in asked.rows("acme", newest)] == list(range(1, newest + 1))
    assert len(list(asked.rows("acme", newest + 5))) == newest
    assert {
        group.dimension: total.cost_micros for group, total in asked.rollup("acme", newest).items()
    } == {
        "tokens.input": 100,
        "tokens.output": 200,
    }
    assert asked.rollup("acme", 3) == {}
    assert list(asked.rows("nobody", 0)) == []
    api.close()
