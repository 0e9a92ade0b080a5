"""``fork``: branches run at once; all are joined, or the first wins."""

from schemas.messages.workflow import facts
from schemas.messages.workflow.state import AgentTask, WorkflowStep
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, Item, agent_task, approval, given, steps
from tests.unit.workflow.driving import answer_all, output_of
from tests.unit.workflow.world import (
    INSTANCE,
    act,
    assignment_of,
    complete,
    failing,
    names,
    start,
)


def fork(compete: bool = False, **branches: Item) -> Item:
    return {"fork": {"branches": steps(**branches), "compete": compete}}


def assignments(scenario: Scenario) -> list[str]:
    return [f.step_path for f in scenario.facts if isinstance(f, facts.AgentTaskAssigned)]


def test_all_branches_begin_at_once() -> None:
    scenario = act(
        given(steps(split=fork(a=agent_task(), b=agent_task(), c=agent_task()))), start(NAME)
    )
    assert assignments(scenario) == ["do/0/fork/0/do/0", "do/0/fork/1/do/0", "do/0/fork/2/do/0"]


def test_it_joins_when_the_last_branch_has_ended() -> None:
    scenario = given(
        steps(
            split=fork(
                a=agent_task(1),
                b={"do": steps(x=agent_task(5), y=agent_task("${ context.x.value }"))},
            )
        )
    )
    act(scenario, start(NAME))
    answer_all(scenario)
    assert output_of(scenario) == '{"a":{"value":2},"b":{"value":7}}'


def test_a_branch_may_wait_for_nobody() -> None:
    scenario = given(steps(split=fork(a={"set": {"x": 1}}, b={"set": {"x": 2}})))
    act(scenario, start(NAME))
    assert output_of(scenario) == '{"a":{"x":1},"b":{"x":2}}'


def test_names_that_a_branch_sets_are_its_own() -> None:
    branch = {"do": steps(give={"set": {"x": 1}}, take={"set": {"y": "${ context.x }"}})}
    after = {"set": {"seen": "${ has(context.x) }"}}
    scenario = given(steps(split=fork(a=branch), after=after))
    act(scenario, start(NAME))
    assert output_of(scenario) == '{"seen":false}'


def test_what_follows_may_read_a_step_inside_a_branch() -> None:
    after = {"set": {"seen": "${ context.x.value }"}}
    branch = {"do": steps(x=agent_task(5), y=agent_task(7))}
    scenario = act(given(steps(split=fork(a=branch), after=after)), start(NAME))
    answer_all(scenario)
    assert output_of(scenario) == '{"seen":6}'


def test_the_first_branch_of_a_competition_ends_the_others() -> None:
    scenario = given(steps(race=fork(True, a=agent_task(1), b=agent_task(2), c=approval())))
    act(scenario, start(NAME))
    act(scenario, complete(assignment_of(scenario, 1), '{"value":9}'))
    withdrawn = scenario.fact(facts.AgentTaskWithdrawn)
    assert withdrawn.step_path == "do/0/fork/0/do/0"
    assert "ApprovalWithdrawn" in names(scenario)
    assert output_of(scenario) == '{"value":9}'


def test_a_competition_that_nobody_has_to_wait_for_has_one_winner() -> None:
    scenario = act(
        given(steps(race=fork(True, a={"set": {"x": 1}}, b={"set": {"x": 2}}))), start(NAME)
    )
    assert output_of(scenario) == '{"x":1}'


def test_the_others_go_on_when_one_branch_waits_for_a_person() -> None:
    scenario = act(given(steps(split=fork(a=agent_task(1), b=agent_task(2)))), start(NAME))
    first, second = (assignment_of(scenario, index) for index in (0, 1))
    act(scenario, failing(first, "validation"))
    assert "WorkflowInstanceEscalated" in names(scenario)
    act(scenario, complete(second))
    assert names(scenario)[0] == "AgentTaskCompleted"
    assert "WorkflowInstanceCompleted" not in names(scenario)


def test_its_time_out_takes_back_what_is_open_inside() -> None:
    inside = fork(a=agent_task(), b={"wait": "PT1H"})
    scenario = act(given(steps(split={**inside, "timeout": "PT5S"})), start(NAME))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert names(scenario)[0] == "AgentTaskWithdrawn"
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "timeout"
    assert {t.status for _, t in scenario.tables.scan(AgentTask)} == {"Withdrawn"}


def test_twenty_branches_join() -> None:
    branches = {f"b{number}": agent_task(number) for number in range(20)}
    scenario = act(given(steps(split=fork(**branches)), capacity=20), start(NAME))
    assert len(answer_all(scenario)) == 20
    assert '"b19":{"value":20}' in output_of(scenario)
