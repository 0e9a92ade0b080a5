"""What each route answers of the story, and how it refuses."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.messages.workflow import facts as workflow
from schemas.messages.workflow.commands import PauseWorkflow, StartWorkflow
from tests.unit.query.recorded import START, Recorded
from tests.unit.query.story import (
    LIMITS,
    assigned,
    finish,
    names,
    provision,
    requested,
    start,
)
from tests.unit.query.views import World

IDS = names("acme")
DAY = "2026-01-01"


def test_a_finished_workflow_shows_its_end_and_its_timeline(shown: World) -> None:
    body = shown.get(f"/workflows/{IDS['wf']}").json()
    assert body["data"]["status"] == "Completed"
    assert body["data"]["definitionName"] == "plan"
    kinds = [entry["eventType"] for entry in body["data"]["timeline"]]
    assert kinds[:2] == ["QuotaReserved", "WorkflowInstanceStarted"]
    assert kinds[-1] == "QuotaReleased"
    assert [step["status"] for step in body["data"]["steps"]] == ["Done"]
    assert body["asOf"]["sequence"] == shown.rows()["acme"]
    assert len(body["asOf"]["chainHash"]) == 64


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 1),
        ({"status": "Completed"}, 1),
        ({"status": "Running"}, 0),
        ({"definition": "plan"}, 1),
        ({"definition": "other"}, 0),
        ({"project": IDS["project"]}, 1),
        ({"from": "2026-01-01T00:00:00Z"}, 1),
        ({"from": "2026-01-02T00:00:00Z"}, 0),
        ({"to": "2026-01-01T00:00:00Z"}, 0),
    ],
)
def test_lists_and_counts_of_workflows_agree(
    shown: World, query: dict[str, str], count: int
) -> None:
    assert len(shown.get("/workflows", **query).json()["data"]) == count
    assert shown.get("/workflows/count", **query).json()["data"] == {"count": count}


def test_pages_hold_every_row_once_in_order(shown: World) -> None:
    seen: list[int] = []
    token: str | None = None
    while True:
        query = {"page_size": 4} | ({"page_token": token} if token else {})
        page = shown.get("/audit", **query).json()
        seen += [entry["sequence"] for entry in page["data"]]
        token = page["nextPageToken"]
        if token is None:
            break
    assert seen == list(range(shown.rows()["acme"], 0, -1))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"type": "AgentTaskAssigned"}, ["AgentTaskAssigned"]),
        ({"outcome": "Refused"}, ["PauseWorkflow"]),
        ({"code": "POLICY_DENIED"}, ["PauseWorkflow"]),
        ({"outcome": "Allow"}, ["PolicyDecisionRecorded"]),
        ({"resource": IDS["artifact"]}, ["ArtifactCreated"]),
        ({"resourceType": "Project"}, ["ProjectCreated"]),
        ({"actor": "user:nobody"}, []),
        ({"to": "2026-01-01T00:00:00Z"}, []),
    ],
)
def test_audit_is_found_by_what_one_knows_of_it(
    shown: World, query: dict[str, str], expected: list[str]
) -> None:
    entries = shown.get("/audit", **query).json()["data"]
    assert [entry["action"] for entry in entries] == expected


def test_audit_is_found_by_trace_and_by_workflow(shown: World) -> None:
    [entry] = shown.get("/audit", type="ProjectCreated").json()["data"]
    same = shown.get("/audit", trace=entry["traceId"]).json()["data"]
    assert {one["traceId"] for one in same} == {entry["traceId"]}
    of_workflow = shown.get("/audit", workflow=IDS["wf"], page_size=500).json()["data"]
    timeline = shown.get(f"/workflows/{IDS['wf']}").json()["data"]["timeline"]
    assert [one["sequence"] for one in reversed(of_workflow)] == [
        one["sequence"] for one in timeline
    ]


def test_a_refusal_is_audited_with_its_command_and_code(shown: World) -> None:
    [entry] = shown.get("/audit", outcome="Refused").json()["data"]
    assert (entry["resourceType"], entry["code"]) == ("Command", "POLICY_DENIED")
    assert entry["causePosition"].startswith("cp.commands.v1:")
    assert entry["position"].startswith("cp.rejections.v1:")


def test_cost_is_summed_by_day_and_group(shown: World) -> None:
    expected = {
        "project": IDS["project"],
        "workflow": IDS["wf"],
        "agent": "ConnectSoft.Agent.Planner",
        "skill": "ConnectSoft.Skill.Plan",
        "model": "acme-ai/small",
    }
    for group, name in expected.items():
        query = {"group_by": group, "from": f"{DAY}T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
        [row] = shown.get("/costs", **query).json()["data"]
        assert row == {
            "day": DAY,
            "groupId": name,
            "currency": "USD",
            "inputTokens": 100,
            "outputTokens": 200,
            "calls": 1,
            "cost": "0.000300",
        }


def test_usage_lines_are_exact_decimals(shown: World) -> None:
    lines = shown.get("/usage", agent="ConnectSoft.Agent.Planner").json()["data"]
    assert [(one["dimension"], one["cost"], one["unitPrice"]) for one in lines] == [
        ("tokens.input", "0.000100", "0.001000"),
        ("tokens.output", "0.000200", "0.001000"),
    ]
    first = shown.get("/usage", page_size=1).json()
    second = shown.get("/usage", page_size=1, page_token=first["nextPageToken"]).json()
    assert first["data"] + second["data"] == lines


def test_quotas_show_limits_and_what_counts(shown: World) -> None:
    rows = {row["dimension"]: row for row in shown.get("/quotas").json()["data"]}
    assert {name: row["limit"] for name, row in rows.items()} == LIMITS
    assert (rows["cost.amount"]["used"], rows["cost.amount"]["reserved"]) == (300, 0)
    assert (rows["tasks.active"]["used"], rows["tasks.active"]["reserved"]) == (0, 0)


def test_quotas_show_what_is_reserved_while_a_task_runs(tmp_path: Path) -> None:
    log = Recorded()
    provision(log, "acme")
    start(log, "acme")
    world = World(tmp_path, log.facts())
    rows = {row["dimension"]: row["reserved"] for row in world.get("/quotas").json()["data"]}
    assert rows == {"workflows.active": 1, "tasks.active": 1, "cost.amount": 500}
    world.close()


def test_tasks_decisions_and_artifacts_are_listed(shown: World) -> None:
    [task] = shown.get("/agent-tasks", workflow=IDS["wf"], status="Completed").json()["data"]
    assert (task["agentId"], task["attempt"]) == ("ConnectSoft.Agent.Planner", 1)
    [decision] = shown.get("/policy-decisions", effect="Allow").json()["data"]
    assert decision["determiningRules"] == ["platform@1.0.0#allow"]
    [artifact] = shown.get("/artifacts", type="document").json()["data"]
    assert artifact["artifactId"] == IDS["artifact"]
    [version] = shown.get(f"/artifacts/{IDS['artifact']}").json()["data"]
    assert version == artifact
    [project] = shown.get("/projects").json()["data"]
    assert project["name"] == "One"


def test_lineage_walks_up_and_down(tmp_path: Path) -> None:
    log = Recorded()
    provision(log, "acme")
    start(log, "acme")
    finish(log, "acme")
    world = World(tmp_path, log.facts())
    up = world.get(f"/artifacts/{IDS['artifact']}/lineage").json()["data"]
    assert {edge["toType"] for edge in up["edges"]} == {"AgentTask", "Artifact", "PolicyDecision"}
    assert {edge["depth"] for edge in up["edges"]} == {1}
    down = world.get(f"/artifacts/{IDS['source']}/lineage", direction="down").json()["data"]
    assert [(edge["fromId"], edge["toId"]) for edge in down["edges"]] == [
        (IDS["artifact"], IDS["source"])
    ]
    assert world.get(f"/artifacts/{IDS['source']}/lineage").json()["data"]["edges"] == []
    world.close()


def test_an_approval_that_is_waited_for_explains_the_workflow(tmp_path: Path) -> None:
    log = Recorded()
    provision(log, "acme")
    command = StartWorkflow(
        workflow_instance_id=IDS["wf"],
        definition_name="plan",
        definition_version="1.0.0",
        input="{}",
    )
    log.decide(
        "acme",
        command,
        workflow.WorkflowInstanceStarted(
            workflow_instance_id=IDS["wf"],
            definition_owner="system",
            definition_name="plan",
            definition_version="1.0.0",
            title="Plan",
            input="{}",
            priority=3,
            started_by="user:olga",
            reservation_id="r/1",
        ),
        requested(IDS),
        workflow.WorkflowStepStarted(
            workflow_instance_id=IDS["wf"],
            step_path="do/0/gate",
            step_name="gate",
            kind="approval",
            approval_id=IDS["approval"],
        ),
        workflow_instance_id=IDS["wf"],
    )
    world = World(tmp_path, log.facts())
    answer = world.get(f"/workflows/{IDS['wf']}/explanation").json()["data"]
    assert answer["workflow"]["status"] == "AwaitingApproval"
    assert [one["approvalId"] for one in answer["pendingApprovals"]] == [IDS["approval"]]
    assert "Ship it?" in answer["because"][0]
    assert world.get("/approvals", status="Pending").json()["data"][0]["title"] == "Ship it?"
    world.close()


def test_blocks_pauses_and_escalations_are_explained(tmp_path: Path) -> None:
    log = Recorded()
    provision(log, "acme")
    start(log, "acme")
    blocked = workflow.WorkflowInstanceBlocked(
        workflow_instance_id=IDS["wf"],
        step_path="do/1/build",
        step_name="build",
        kind="agentTask",
        reason="quota",
        dimension="cost.amount",
    )
    steer = PauseWorkflow(workflow_instance_id=IDS["wf"])
    log.decide("acme", steer, blocked, workflow_instance_id=IDS["wf"])
    world = World(tmp_path, log.facts())

    def explained() -> dict[str, object]:
        data = world.get(f"/workflows/{IDS['wf']}/explanation").json()["data"]
        return {"status": data["workflow"]["status"], "because": " ".join(data["because"])}

    assert explained()["status"] == "Blocked"
    assert "build waits: quota" in str(explained()["because"])
    assert "lease of the task ends" in str(explained()["because"])
    for fact, status, word in (
        (
            workflow.WorkflowInstanceEscalated(
                workflow_instance_id=IDS["wf"],
                step_path="do/1/build",
                step_name="build",
                cause="agent",
                message="it broke",
                choices=("retry", "skip"),
            ),
            "Escalated",
            "it broke",
        ),
        (
            workflow.WorkflowInstancePaused(workflow_instance_id=IDS["wf"], reason="lunch"),
            "Paused",
            "lunch",
        ),
        (
            workflow.WorkflowInstanceCancelled(
                workflow_instance_id=IDS["wf"], reason="enough", archives_at=START
            ),
            "Cancelled",
            "enough",
        ),
    ):
        world.tape.left = log.decide("acme", steer, fact, workflow_instance_id=IDS["wf"])
        world.project()
        assert explained()["status"] == status
        assert word in str(explained()["because"])
    world.close()


def test_a_second_attempt_counts_on(tmp_path: Path) -> None:
    log = Recorded()
    provision(log, "acme")
    start(log, "acme")
    steer = PauseWorkflow(workflow_instance_id=IDS["wf"])
    expired = workflow.AgentTaskExpired(
        task_id=IDS["task"],
        workflow_instance_id=IDS["wf"],
        step_path="do/0/plan",
        step_name="plan",
        agent_role="Planner",
        attempt=1,
        cause="lease",
        settles_at=START,
        again=True,
    )
    log.decide("acme", steer, expired, assigned(IDS, 2), workflow_instance_id=IDS["wf"])
    world = World(tmp_path, log.facts())
    [task] = world.get("/agent-tasks").json()["data"]
    assert (task["status"], task["attempt"]) == ("Assigned", 2)
    world.close()


def test_a_reader_gets_504_for_a_sequence_that_does_not_come(shown: World) -> None:
    newest = shown.rows()["acme"]
    assert shown.get("/audit", minSequence=newest).status_code == 200
    late = shown.get("/audit", minSequence=newest + 1, wait=0.05)
    assert (late.status_code, late.json()["code"]) == (504, "NOT_YET_VISIBLE")
    assert late.headers["content-type"] == "application/problem+json"


def test_a_tenant_without_facts_is_empty_at_sequence_0(shown: World) -> None:
    body = shown.get("/workflows", "nobody").json()
    assert body == {
        "data": [],
        "nextPageToken": None,
        "asOf": {"sequence": 0, "partition": None, "occurredAt": None, "chainHash": None},
    }


def test_operators_see_tenants_lag_and_what_the_views_hold(shown: World) -> None:
    admin = ("system", "PlatformAdmin")
    tenants = shown.get("/tenants", *admin).json()["data"]
    assert [(one["tenantId"], one["status"], one["editionName"]) for one in tenants] == [
        ("acme", "Active", "team"),
        ("globex", "Active", "team"),
    ]
    page = shown.get("/tenants", *admin, page_size=1).json()
    following = shown.get("/tenants", *admin, page_size=1, page_token=page["nextPageToken"])
    assert [one["tenantId"] for one in following.json()["data"]] == ["globex"]
    lag = shown.get("/lag", *admin).json()["data"]
    assert (lag["recordsBehind"], lag["problem"]) == (0, None)
    assert (
        datetime.fromisoformat(lag["newestFactAt"]).year
        == datetime.fromtimestamp(START / 1e6, UTC).year
    )
    events = shown.get("/tenants/acme/events", *admin, upTo=3).json()["data"]
    assert [one["sequence"] for one in events] == [1, 2, 3]
    usage = shown.get("/tenants/acme/usage", *admin, page_size=1).json()
    rest = shown.get(
        "/tenants/acme/usage", *admin, page_size=1, page_token=usage["nextPageToken"]
    ).json()
    assert [one["dimension"] for one in usage["data"] + rest["data"]] == [
        "tokens.input",
        "tokens.output",
    ]
    assert rest["nextPageToken"] is None


@pytest.mark.parametrize("source", ["cp.commands.v1:0:1", "nothing:0:1"])
def test_a_dead_letter_that_is_not_there_is_not_found(shown: World, source: str) -> None:
    answer = shown.get(f"/dead-letters/{source}", "system", "PlatformAdmin")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_health_and_metrics_need_no_token(shown: World) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert shown.send("GET", path).status_code == 200
