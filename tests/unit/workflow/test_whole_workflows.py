"""Whole workflows from start to end through the pipeline: what people write, and the seed of five tasks."""

from itertools import count

from schemas.messages.governance.commands import GrantApproval
from schemas.messages.governance.facts import ApprovalRequested
from schemas.messages.tenancy.state import QuotaReservation
from schemas.messages.workflow import facts
from schemas.messages.workflow.messages import AgentTaskAssignment
from schemas.messages.workflow.state import AgentTask, WorkflowStep
from tests.unit.workflow.definitions import (
    NAME,
    Item,
    agent_task,
    approval,
    given,
    published,
    steps,
)
from tests.unit.workflow.driving import answer_all, output_of, plus_one
from tests.unit.workflow.world import (
    INSTANCE,
    OWNER,
    SEEDS,
    act,
    complete,
    failing,
    names,
    start,
    world,
)


def test_the_seed_of_five_tasks_adds_five() -> None:
    text = (SEEDS / "workflows/add-five.yaml").read_text()
    scenario = world().given_system(published(text, "add-five"))
    act(scenario, start("add-five", '{"value":10}'))
    assert len(answer_all(scenario)) == 5
    assert output_of(scenario) == '{"value":15}'


def test_five_tasks_take_at_most_eight_records_each() -> None:
    text = (SEEDS / "workflows/add-five.yaml").read_text()
    scenario = world().given_system(published(text, "add-five"))
    act(scenario, start("add-five", '{"value":10}'))
    records = 1 + len(scenario.facts) + len(scenario.sent)
    sent = [m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]
    while sent:
        act(scenario, plus_one(sent[0]))
        records += 1 + len(scenario.facts) + len(scenario.sent)
        sent = [m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]
    assert records <= 5 * 8 + 4


def of_all_kinds() -> list[Item]:
    """Give a fork of 20 branches, a loop over 100 items, a switch on agent output, a caught failure, and waits."""
    branches = {f"b{number}": agent_task(number) for number in range(20)}
    risky = {"try": steps(risk=agent_task(7)), "catch": {"do": steps(calm={"set": {"calm": True}})}}
    return steps(
        fan={"fork": {"branches": steps(**branches)}},
        each={
            "for": {"each": "item", "in": "${ input.items }"},
            "x-concurrency": 10,
            "do": steps(add=agent_task("${ context.item }")),
        },
        choose={
            "switch": [
                {"many": {"when": "${ context.each[99].value == 100 }", "then": "safe"}},
                {"few": {"then": "end"}},
            ]
        },
        safe=risky,
        ask=approval(),
        pause={"wait": "PT1M"},
        last={"set": {"calm": "${ context.calm }", "by": "${ context.ask.voters }"}},
    )


def test_a_definition_of_all_kinds_runs_to_its_end() -> None:
    scenario = given(of_all_kinds(), capacity=50)
    items = ",".join(map(str, range(100)))
    act(scenario, start(NAME, f'{{"items":[{items}]}}'))
    number = count()

    def answer(assignment: AgentTaskAssignment) -> object:
        next(number)
        if assignment.step_name == "risk":
            return failing(assignment, "validation")
        return plus_one(assignment)

    assert len(answer_all(scenario, answer)) == 121
    request = scenario.fact(ApprovalRequested)
    grant = GrantApproval(approval_id=request.approval_id, comment="fine")
    scenario.through_pipeline(grant, actor_id=OWNER)
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/5")
    assert output_of(scenario) == f'{{"by":["{OWNER}"],"calm":true}}'
    assert list(scenario.tables.scan(QuotaReservation)) == []


def test_a_thousand_tasks_at_once() -> None:
    loop = {
        "for": {"each": "item", "in": "${ input.items }"},
        "x-concurrency": 1000,
        "do": steps(add=agent_task("${ context.item }")),
    }
    scenario = given(steps(each=loop), capacity=1000)
    items = ",".join(map(str, range(1000)))
    act(scenario, start(NAME, f'{{"items":[{items}]}}'))
    assert names(scenario).count("AgentTaskAssigned") == 1000
    assert len(answer_all(scenario)) == 1000
    assert len(list(scenario.tables.scan(AgentTask))) == 1000


def test_the_result_of_one_instance_does_not_end_another() -> None:
    scenario = given(steps(only=agent_task()))
    act(scenario, start(NAME))
    first = next(m for m in scenario.sent if isinstance(m, AgentTaskAssignment))
    other = "wf-00000000-0000-4000-8000-000000000002"
    act(scenario, start(NAME, instance=other))
    second = next(m for m in scenario.sent if isinstance(m, AgentTaskAssignment))
    act(scenario, complete(second, lease_token=first.lease_token)).refused("STALE_LEASE")
    act(scenario, complete(first))
    assert scenario.fact(facts.WorkflowInstanceCompleted).workflow_instance_id == INSTANCE
