"""Every worker is away for longer than the leases while agents finish: the results count, nothing is done again."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.messages.workflow.facts import AgentTaskClaimed
from tests.fault.site import WORKERS, until
from tests.integration.held import AGENT, SKILL, publish_skill
from tests.integration.people import OWNER, Plant
from tests.integration.recovery.tenants import AWAY
from topics.agent_task import AgentTask
from topics.agent_worker import AgentWorker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

DEFINITION = (Path(__file__).parent / "one_task.yaml").read_text(encoding="utf-8")
TASKS = 8


class Patient:
    """An agent that answers when it is told to; counts how often it was asked."""

    def __init__(self, bootstrap: str) -> None:
        self.go_on = threading.Event()
        self.asked: Counter[str] = Counter()
        self.worker = AgentWorker(AGENT, "1.0.0", bootstrap=bootstrap, concurrency=TASKS)
        self.worker.skill(f"{AWAY}/{SKILL}")(self._answer)

    def _answer(self, task: AgentTask) -> object:
        self.asked[task.assignment.workflow_instance_id] += 1
        self.go_on.wait()
        return {"value": 1}


@pytest.fixture
def patient(system: Plant) -> Iterator[Patient]:
    agent = Patient(system.bootstrap)
    thread = threading.Thread(target=agent.worker.run)
    thread.start()
    yield agent
    agent.go_on.set()
    agent.worker.stop()
    thread.join(30)


def test_an_outage_longer_than_the_leases_expires_nothing_that_was_answered(
    system: Plant, patient: Patient
) -> None:
    publish_skill(system, AWAY, OWNER)
    system.must("PublishWorkflowDefinition", AWAY, name="one-task", version="1.0.0",
                definition=DEFINITION)  # fmt: skip
    instances = [system.start(AWAY, "one-task", AWAY) for _ in range(TASKS)]
    leases = [system.wait_for(AWAY, instance, "AgentTaskClaimed")[1] for instance in instances]
    for name in WORKERS:
        system.site.stop(name)
    patient.go_on.set()
    until("the answers are on their topic", lambda: patient.worker.finished == TASKS, 30)
    ends = max(lease.lease_expires_at for lease in leases if isinstance(lease, AgentTaskClaimed))
    until("every lease has run out", lambda: time.time() > ends / 1e6 + 1, 60)
    for name in WORKERS:
        system.site.start_worker(name)
    for instance in instances:
        system.wait_for(AWAY, instance, "WorkflowInstanceCompleted")
    kinds = Counter(event.envelope.event_type for event in system.facts(AWAY))
    assert kinds["AgentTaskAssigned"] == kinds["AgentTaskCompleted"] == TASKS
    assert (kinds["AgentTaskExpired"], kinds["StaleResultRecorded"]) == (0, 0)
    assert patient.asked == Counter(instances), "each was asked for once"
