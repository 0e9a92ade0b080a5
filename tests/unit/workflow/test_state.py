"""The status of an instance as people know it, and the legal moves of a task."""

from typing import get_args

from processors.workflow import status_of
from processors.workflow.state import TASK_MOVES, TaskStatus, WorkflowStep
from processors.workflow.timers import step_deadline
from schemas.messages.workflow.commands import CancelWorkflow, PauseWorkflow
from tests.unit.workflow.definitions import NAME, agent_task, given, steps
from tests.unit.workflow.world import INSTANCE, act, start, world


def test_an_unknown_instance_has_none() -> None:
    assert status_of(world().tables, INSTANCE) is None


def test_it_follows_from_the_steps_until_a_fact_says_otherwise() -> None:
    scenario = act(given(steps(only=agent_task())), start(NAME))
    assert status_of(scenario.tables, INSTANCE) == "AwaitingAgent"
    act(scenario, PauseWorkflow(workflow_instance_id=INSTANCE))
    assert status_of(scenario.tables, INSTANCE) == "Paused"
    act(scenario, CancelWorkflow(workflow_instance_id=INSTANCE))
    assert status_of(scenario.tables, INSTANCE) == "Cancelled"


def test_the_moves_name_every_status_of_a_task() -> None:
    assert set(TASK_MOVES) == set(get_args(TaskStatus))
    assert all(moves <= set(TASK_MOVES) for moves in TASK_MOVES.values())


def test_a_step_that_is_over_waits_for_nothing() -> None:
    over = WorkflowStep(step_name="a", kind="wait", status="Completed", wakes_at=1, timeout_at=2)
    assert step_deadline(over) is None
