"""What an agent's result says that it was derived from: all that it was given, unless its handler says otherwise."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from schemas.ids import ArtifactId
from schemas.messages.workflow.commands import CompleteAgentTask
from schemas.messages.workflow.messages import InputArtifact
from tests.unit.topics.assignments import assignment
from topics.agent_reports import Reporter, Running
from topics.agent_task import AgentTask, TaskResult

IDS = tuple(ArtifactId(f"art-00000000-0000-4000-8000-00000000000{n}") for n in (1, 2))
GIVEN = tuple(
    InputArtifact(
        artifact_id=artifact_id,
        name=f"blueprint-{version}",
        artifact_type="blueprint",
        version=version,
        content_hash=f"sha256:{'a' * 64}",
        storage_ref="blob://local/a",
        from_step="design",
    )
    for artifact_id, version in zip((*IDS, IDS[0]), ("1.0.0", "1.0.0", "2.0.0"), strict=True)
)


class _Sent(Reporter):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.reports: list[Struct] = []
        self._agent_id, self._agent_version = "ConnectSoft.Agent.Engineer", "1.0.0"

    def _send(self, running: Running, report: Struct, answered: Any = None) -> None:  # noqa: ARG002  # the base's
        self.reports.append(report)


def said(named: Sequence[str] | None) -> tuple[str, ...]:
    """Give the input artifacts that the report of a result names."""
    task = AgentTask(replace(assignment("S", "{}"), input_artifacts=GIVEN))
    envelope: Any = None  # read by the real sender only
    sender = _Sent()
    result = TaskResult(output={}, input_artifact_ids=named)
    sender.complete(Running(task, envelope, ("t", 0, 0), 0.0), result, lambda _: None)
    (report,) = sender.reports
    assert isinstance(report, CompleteAgentTask)
    return report.input_artifact_ids


def test_a_handler_sees_what_it_is_given() -> None:
    task = AgentTask(replace(assignment("S", "{}"), input_artifacts=GIVEN))
    assert [a.from_step for a in task.input_artifacts] == ["design"] * 3


@pytest.mark.parametrize(("named", "expected"), [(None, IDS), ((), ()), ((IDS[1],), (IDS[1],))])
def test_all_unless_the_handler_says(
    named: Sequence[str] | None, expected: tuple[str, ...]
) -> None:
    assert said(named) == expected
