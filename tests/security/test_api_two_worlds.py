"""Two-tenant sweep: with another tenant's ids, and as another tenant, nothing is there (reliability.md §8, B23)."""

import re
from typing import Any

import pytest

from query.questions import names as question_names
from query.questions import question
from query.settings import API_PREFIX as PREFIX
from tests.unit.query.recorded import uid
from tests.unit.query.story import names
from tests.unit.query.views import World

MINE, OTHER = names("acme"), names("globex")
OPERATOR_PATHS = {
    "/lag",
    "/tenants",
    "/tenants/{tenant_id}/events",
    "/tenants/{tenant_id}/usage",
    "/dead-letters",
    "/dead-letters/{source}",
}
UNKNOWN = {
    "workflow_instance_id": f"wf-{uid('nobody')}",
    "artifact_id": f"art-{uid('nobody')}",
}


def paths(world: World) -> dict[str, list[str]]:
    """Give every path of the API with its query parameters."""
    document = world.app.openapi()
    return {
        path.removeprefix(PREFIX): [
            parameter["name"]
            for parameter in operations["get"].get("parameters", [])
            if parameter["in"] == "query"
        ]
        for path, operations in document["paths"].items()
    }


def ids_of(tenant: dict[str, str]) -> dict[str, str]:
    return {"workflow_instance_id": tenant["wf"], "artifact_id": tenant["artifact"]}


def test_the_sweep_knows_every_route(shown: World) -> None:
    known = {path for path in paths(shown) if "{" not in path} | OPERATOR_PATHS
    assert {"/workflows", "/audit", "/costs", "/quotas", "/usage"} <= known
    for path in paths(shown):
        assert path in OPERATOR_PATHS or set(re.findall(r"{(\w+)}", path)) <= set(UNKNOWN)


def test_another_tenant_s_ids_look_like_ids_of_nobody(shown: World) -> None:
    for path in paths(shown):
        if "{" not in path or path in OPERATOR_PATHS:
            continue
        assert shown.get(path.format(**ids_of(MINE)), "acme").status_code == 200
        foreign = shown.get(path.format(**ids_of(OTHER)), "acme")
        nobody = shown.get(path.format(**UNKNOWN), "acme")
        assert foreign.status_code == nobody.status_code == 404
        assert foreign.content == nobody.content
        ignored = {"date"}
        assert {k: v for k, v in foreign.headers.items() if k not in ignored} == {
            k: v for k, v in nobody.headers.items() if k not in ignored
        }


def test_no_list_shows_another_tenant_s_rows(shown: World) -> None:
    marks = [*OTHER.values(), "globex"]
    for path, parameters in paths(shown).items():
        if path in OPERATOR_PATHS or "{" in path:
            continue
        query: dict[str, Any] = {"page_size": 500} if "page_size" in parameters else {}
        if path == "/costs":
            query = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
        text = shown.get(path, "acme", **query).text
        assert '"data"' in text
        assert [mark for mark in marks if mark in text] == []


def test_filters_with_another_tenant_s_ids_find_nothing(shown: World) -> None:
    for path in (
        "/audit",
        "/agent-tasks",
        "/policy-decisions",
        "/artifacts",
        "/usage",
        "/approvals",
    ):
        assert shown.get(path, "acme", workflow=OTHER["wf"]).json()["data"] == []
    assert shown.get("/audit", "acme", resource=OTHER["wf"]).json()["data"] == []
    assert shown.get("/workflows", "acme", project=OTHER["project"]).json()["data"] == []
    assert shown.get("/workflows/count", "acme", project=OTHER["project"]).json()["data"] == {
        "count": 0
    }
    assert shown.get("/quotas", "acme", ledger=OTHER["project"]).json()["data"] == []


def test_another_tenant_s_page_token_opens_nothing(shown: World) -> None:
    token = shown.get("/audit", "globex", page_size=3).json()["nextPageToken"]
    rows = shown.get("/audit", "acme", page_token=token, page_size=500).json()["data"]
    own = {row["eventId"] for row in shown.get("/audit", "acme", page_size=500).json()["data"]}
    assert {row["eventId"] for row in rows} <= own


def test_a_tenant_cannot_be_named_in_the_query(shown: World) -> None:
    for path, parameters in paths(shown).items():
        assert not {"tenant", "tenantId", "tenant_id"} & set(parameters), path
        if path not in OPERATOR_PATHS and "{" not in path:
            answer = shown.get(path, "acme", tenantId="globex")
            assert answer.status_code == 422


def test_what_belongs_to_no_tenant_is_for_operators(shown: World) -> None:
    for path in OPERATOR_PATHS:
        asked = path.format(tenant_id="acme", source="cp.commands.v1:0:0")
        for tenant, role in (
            ("acme", "PlatformAdmin"),
            ("system", "Viewer"),
            ("system", "TenantOwner"),
            ("acme", "TenantOwner"),
        ):
            answer = shown.get(asked, tenant, role)
            assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
        assert shown.get(asked, "system", "PlatformAdmin").status_code in {200, 404}
        assert shown.send("GET", PREFIX + asked).status_code == 401


def test_every_route_asks_who_it_is(shown: World) -> None:
    for path in paths(shown):
        asked = path.format(**ids_of(MINE), tenant_id="acme", source="cp.commands.v1:0:0")
        assert shown.send("GET", PREFIX + asked).status_code == 401


@pytest.mark.parametrize("name", [name for name in question_names() if name != "head"])
def test_a_question_without_its_tenant_predicate_would_be_found(shown: World, name: str) -> None:
    """Widen each question to every tenant: its rows must change, or the sweep above would prove nothing of it."""
    asked = question(name)
    text = asked.text
    assert "$tenant_id" in text
    wide = re.sub(
        r"\btenant_id (= \$tenant_id|IN \(\$tenant_id, 'system'\))", "tenant_id IS NOT NULL", text
    )
    assert "$tenant_id" not in wide, "a use of the tenant that this test does not know"
    bound: dict[str, Any] = dict.fromkeys(asked.parameters, None)
    bound |= {
        "tenant_id": "acme",
        "row_limit": 1000,
        "depth": 8,
        "node_type": "Artifact",
        "node_id": OTHER["source"] if name == "lineage_down" else OTHER["artifact"],
        "artifact_id": OTHER["artifact"],
        "workflow_instance_id": OTHER["wf"][3:],
        "group_by": "project",
        "occurred_from": 0,
        "occurred_to": 2**52,
    }
    bound = {key: value for key, value in bound.items() if key in asked.parameters}
    if name in {"audit_list", "usage_list"}:
        bound["occurred_from"] = bound["occurred_to"] = None
    others = {key: value for key, value in bound.items() if key != "tenant_id"}
    with shown.store.reading() as snapshot:
        own = snapshot._cursor.execute(text, bound).fetchall()
        every = snapshot._cursor.execute(wide, others).fetchall()
    empty_in_the_story = {"approval_list", "workflow_approvals", "catalogue_list", "workflow_due"}
    if name in empty_in_the_story | {"workflow_open_tasks"}:
        assert own == every == []
    else:
        assert own != every
