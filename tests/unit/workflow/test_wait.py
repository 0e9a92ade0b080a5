"""``wait``: a durable timer."""

from processors.workflow import status_of
from schemas.messages.workflow import facts
from schemas.messages.workflow.commands import CancelWorkflow
from schemas.messages.workflow.state import WorkflowStep
from tests.unit.workflow.definitions import NAME, given, steps
from tests.unit.workflow.driving import output_of
from tests.unit.workflow.world import INSTANCE, act, names, start

TASKS = steps(pause={"wait": "PT1M"}, after={"set": {"x": 1}})


def test_it_waits_until_its_timer_fires() -> None:
    scenario = act(given(TASKS), start(NAME))
    assert scenario.fact(facts.WorkflowStepStarted).wakes_at == scenario.at + 60_000_000
    assert status_of(scenario.tables, INSTANCE) == "AwaitingTimer"
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert output_of(scenario) == '{"x":1}'


def test_a_timer_after_the_end_is_silent() -> None:
    scenario = act(given(TASKS), start(NAME))
    step = scenario.tables.get(WorkflowStep, f"{INSTANCE}/do/0")
    assert step is not None
    act(scenario, CancelWorkflow(workflow_instance_id=INSTANCE))
    closed = scenario.tables.get(WorkflowStep, f"{INSTANCE}/do/0")
    assert closed is not None
    assert (closed.status, closed.wakes_at) == ("Skipped", None)


def test_its_time_out_comes_first_if_it_is_shorter() -> None:
    slow = {"wait": "PT1M", "timeout": "PT5S"}
    scenario = act(given(steps(pause=slow)), start(NAME))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert names(scenario)[0] == "WorkflowStepFailed"
    assert scenario.fact(facts.WorkflowInstanceFailed).failure_class == "timeout"


def test_an_output_that_cannot_be_shaped_is_a_question_to_a_person() -> None:
    shaped = {"wait": "PT1M", "output": {"as": "${ output.x }"}}
    scenario = act(given(steps(pause=shaped)), start(NAME))
    scenario.when_timer(WorkflowStep, f"{INSTANCE}/do/0")
    assert scenario.fact(facts.WorkflowInstanceEscalated).cause == "expression"
