"""The span of the work on one agent task: from its taking to its answer, under the assignment's span."""

import time

from topics.agent_reports import Running
from topics.spans import Span, scope


def task_span(running: Running) -> Span:
    """Give the span of a task that has ended; nothing of its inputs, its output or its failure's text."""
    task, assignment = running.task, running.task.assignment
    return Span(
        name=f"work {task.skill}",
        context=task.context,
        parent=task.assigned_by,
        kind="CONSUMER",
        begin_ns=running.began_at * 1000,
        end_ns=time.time_ns(),
        attributes={
            **scope(running.envelope),
            "factory.task": assignment.task_id,
            "factory.skill": task.skill,
            "factory.step": assignment.step_name,
            "factory.attempt": assignment.attempt,
            "factory.execution": task.execution_id,
            "factory.outcome": running.outcome,
            "gen_ai.operation.name": "invoke_agent",
        },
        failed="" if running.outcome in {"completed", "withdrawn"} else running.outcome,
    )
