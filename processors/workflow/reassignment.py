"""An attempt whose agent is silent: it expires and the task is given out again, or a person is asked."""

from processors.workflow.fault import Fault
from processors.workflow.limits import EXPIRIES_MAX, GRACE_MICROS
from processors.workflow.run import Run
from processors.workflow.state import AgentTask
from schemas.ids import TaskId
from schemas.messages.workflow.facts import AgentTaskExpired


def expire(run: Run, task_id: TaskId, task: AgentTask) -> None:
    """End the attempt; its reservation is held until its agent reports, or the grace ends."""
    again = task.expiries + 1 < EXPIRIES_MAX
    by_deadline = task.deadline_at <= run.decision.at
    run.of_task(task_id)
    fact = AgentTaskExpired(
        task_id=task_id,
        workflow_instance_id=run.instance_id,
        step_path=task.step_path,
        step_name=run.outline.task(task.step_path).node.name,
        agent_role=task.agent_role,
        attempt=task.attempt,
        cause="deadline" if by_deadline else "lease",
        agent_id=task.agent_id,
        settles_at=run.decision.at + GRACE_MICROS,
        again=again,
    )
    run.record(fact)
    run.of_task(None)
    if again:
        run.begin(task.step_path)
    else:
        message = f"{EXPIRIES_MAX} attempts expired without a result"
        run.failed(task.step_path, Fault("expired", message, task_id=task_id))
