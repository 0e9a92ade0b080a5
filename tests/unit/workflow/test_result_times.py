"""When an agent says it worked: an instant that every reader of our facts can hold."""

import pytest
from msgspec.structs import replace

from processors.workflow.acceptance import INSTANT_MAX
from schemas.messages.workflow import facts
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import act, assignment_of, complete, start


def assigned() -> Scenario:
    return act(given(steps(first=agent_task(1))), start(NAME))


@pytest.mark.parametrize("field", ["started_at", "completed_at"])
@pytest.mark.parametrize("micros", [-1, INSTANT_MAX + 1, 2**62, -(2**62)])
def test_an_instant_beyond_the_calendar_is_sent_back(field: str, micros: int) -> None:
    scenario = assigned()
    act(scenario, replace(complete(assignment_of(scenario)), **{field: micros}))
    found = scenario.fact(facts.ValidationFailed).findings
    assert len(found) == 1
    assert "years 1970 to 9999" in found[0]
    assert not [f for f in scenario.facts if isinstance(f, facts.AgentTaskCompleted)]


@pytest.mark.parametrize("micros", [0, INSTANT_MAX])
def test_the_first_and_the_last_instant_are_taken(micros: int) -> None:
    scenario = assigned()
    result = complete(assignment_of(scenario))
    act(scenario, replace(result, started_at=micros, completed_at=micros))
    assert scenario.fact(facts.AgentTaskCompleted).started_at == micros
