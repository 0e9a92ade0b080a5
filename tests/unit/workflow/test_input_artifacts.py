"""The artifacts that an assignment names: those of the steps that its inputs and intent were taken from."""

from typing import Any

from processors import artifacts
from processors.workflow.provenance import ARTIFACTS_MAX, STEPS_MAX
from schemas.ids import TenantId
from schemas.messages.artifacts.facts import ArtifactCreated
from schemas.messages.workflow.messages import AgentTaskAssignment
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, Item, agent_task, given, steps
from tests.unit.workflow.world import act, artifact, assignment_of, complete, start

ITEMS = '{"items":[1,2,3]}'


def read(name: str) -> Item:
    """Give an agent task that reads a name."""
    return agent_task(f"${{ context.{name} != null ? 1 : 0 }}")


def run(
    do: list[Item], document: str = "{}", silent: tuple[str, ...] = (), made: int = 1
) -> tuple[Scenario, dict[str, AgentTaskAssignment]]:
    """Run to the end, each agent makes artifacts named after its task; give the last assignment of each step."""
    scenario = given(do, capacity=300)
    act(scenario, start(NAME, document))
    waiting, seen = _sent(scenario), {}
    while waiting:
        task = waiting.pop(0)
        seen[task.step_name] = task
        count = 0 if task.step_name in silent else made
        outputs = tuple(artifact(f"of-{task.task_id[-12:]}-{n}") for n in range(count))
        ids = tuple(a.artifact_id for a in task.input_artifacts)
        act(scenario, complete(task, output_artifacts=outputs, input_artifact_ids=ids))
        assert scenario.rejection is None
        waiting += _sent(scenario)
    return scenario, seen


def _sent(scenario: Scenario) -> list[AgentTaskAssignment]:
    return [m for m in scenario.sent if isinstance(m, AgentTaskAssignment)]


def sources(task: AgentTaskAssignment) -> list[str]:
    return [a.from_step for a in task.input_artifacts]


def of(do: list[Item], document: str = "{}", **more: Any) -> list[str]:
    """Give the steps whose artifacts the task ``last`` is given."""
    return sources(run(do, document, **more)[1]["last"])


def test_a_task_is_given_what_the_step_it_reads_has_made() -> None:
    scenario = given(steps(first=agent_task(), last=read("first")))
    act(scenario, start(NAME))
    first = assignment_of(scenario)
    assert first.input_artifacts == ()
    act(scenario, complete(first, output_artifacts=(artifact(),)))
    (made,) = assignment_of(scenario).input_artifacts
    assert made.artifact_id == scenario.fact(ArtifactCreated).artifact_id
    assert (made.name, made.artifact_type, made.version) == ("report", "document", "1.0.0")
    assert made.content_hash == f"sha256:{'a' * 64}"
    assert (made.storage_ref, made.from_step) == ("blob://store/report", "first")


def test_what_is_not_read_is_not_given() -> None:
    assert of(steps(first=agent_task(), second=agent_task(), last=read("second"))) == ["second"]


def test_the_intent_counts_too() -> None:
    last = agent_task(intent='${ "After " + string(context.first.value) }')
    assert of(steps(first=agent_task(), last=last)) == ["first"]


def test_an_expression_that_may_read_any_name_is_given_all() -> None:
    last = agent_task("${ size(context) }")
    assert of(steps(first=agent_task(), second=agent_task(), last=last)) == ["first", "second"]


def test_what_a_step_without_artifacts_was_made_from_stands_in_for_it() -> None:
    do = steps(first=agent_task(), second=read("first"), last=read("second"))
    assert of(do, silent=("second",)) == ["first"]


def test_a_set_leads_to_what_it_read() -> None:
    do = steps(first=agent_task(), keep={"set": {"kept": "${ context.first }"}}, last=read("kept"))
    assert of(do) == ["first"]


def test_a_fork_leads_to_its_branches() -> None:
    fan = {"fork": {"branches": steps(left=agent_task(), right=agent_task())}}
    assert of(steps(fan=fan, last=read("fan"))) == ["left", "right"]


def test_a_loop_leads_to_its_turns_and_its_item_to_its_list() -> None:
    loop = {"for": {"each": "item", "in": "${ input.items }"}, "do": steps(add=agent_task())}
    assert of(steps(loop=loop, last=read("loop")), ITEMS) == ["add"] * 3
    inner = {
        "for": {"each": "item", "in": "${ [context.first] }"},
        "do": steps(last=read("item")),
    }
    assert of(steps(first=agent_task(), loop=inner)) == ["first"]


def test_a_try_leads_to_what_it_holds() -> None:
    caught = {"try": steps(risk=agent_task()), "catch": {"do": steps(calm=agent_task())}}
    assert of(steps(risky=caught, last=read("risky"))) == ["risk"]


def test_the_list_is_bounded() -> None:
    do = steps(first=agent_task(), second=agent_task(), last=agent_task("${ size(context) }"))
    assert len(of(do, made=ARTIFACTS_MAX)) == ARTIFACTS_MAX


def test_the_walk_is_bounded() -> None:
    loop = {
        "for": {"each": "item", "in": "${ input.items }"},
        "x-concurrency": 300,
        "do": steps(add=agent_task()),
    }
    items = ",".join("1" for _ in range(STEPS_MAX + 20))
    do = steps(first=agent_task(), loop=loop, last=agent_task("${ size(context) }"))
    assert of(do, f'{{"items":[{items}]}}', silent=("add",)) == ["first"]


def test_lineage_walks_back_over_several_levels() -> None:
    do = steps(first=agent_task(), second=read("first"), third=read("second"), last=read("third"))
    scenario = given(do)
    act(scenario, start(NAME))
    made: list[ArtifactCreated] = []
    for name in ("blueprint", "code", "tests", "plan"):
        task = assignment_of(scenario)
        ids = tuple(a.artifact_id for a in task.input_artifacts)
        outputs = (artifact(name),)
        act(scenario, complete(task, output_artifacts=outputs, input_artifact_ids=ids))
        made.append(scenario.fact(ArtifactCreated))
    derived = {
        (fact.artifact_id, edge.to_id)
        for fact in made
        for edge in fact.edges
        if edge.edge_type == "DERIVED_FROM"
    }
    nodes = [artifacts.artifact_id_of(TenantId("acme"), None, f.name) for f in made]
    assert derived == {(nodes[1], nodes[0]), (nodes[2], nodes[1]), (nodes[3], nodes[2])}


def test_a_version_made_before_is_given_all_the_same() -> None:
    do = steps(first=agent_task(), second=agent_task(), last=read("second"))
    scenario = given(do)
    act(scenario, start(NAME))
    for _ in range(2):
        act(scenario, complete(assignment_of(scenario), output_artifacts=(artifact(),)))
    assert not [f for f in scenario.facts if isinstance(f, ArtifactCreated)]
    assert sources(assignment_of(scenario)) == ["second"]
