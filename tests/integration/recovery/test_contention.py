"""A thousand ready tasks and a budget for a hundred, while the worker that admits them is killed again and again."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.edge_model import EdgeModel
from schemas.messages.tenancy.facts import QuotaReserved, QuotaSettled
from schemas.messages.workflow.facts import AgentTaskAssigned
from schemas.messages.workflow.state import WaitingStep
from streams.run.seeds import PLATFORM_ADMIN
from streams.settings import from_environment
from streams.tenant_replay import TenantReplay
from tests.fault.site import WORKERS, until
from tests.integration.held import AGENT, SKILL, publish_skill
from tests.integration.people import OWNER, Plant, command
from tests.integration.recovery.tenants import SCARCE
from topics.agent_task import AgentTask, ModelInvocation, TaskResult
from topics.agent_worker import AgentWorker
from topics.command import uuid7

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

DEFINITION = (Path(__file__).parent / "twenty_at_once.yaml").read_text(encoding="utf-8")
TOKENS = 10
"""Input tokens of one task, reserved and used."""
ROOM = 100
STARTS = 50
AT_ONCE = 20
CRASHES = {"produced": 3, "committed": 1}
"""Place in a cycle -> deaths there: before the commit, where nothing comes of it, and right after it."""


@pytest.fixture
def spender(system: Plant) -> Iterator[AgentWorker]:
    """Serve the skill with an agent that uses all it was given, so that nothing comes back for others."""
    worker = AgentWorker(AGENT, "1.0.0", bootstrap=system.bootstrap)

    @worker.skill(f"{SCARCE}/{SKILL}")
    def spend(_task: AgentTask) -> TaskResult:
        used = ModelInvocation(provider="reference", model="reference-small",
                               input_tokens=TOKENS, output_tokens=0)  # fmt: skip
        return TaskResult(output={"value": 1}, invocations=[used])

    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stop()
    thread.join(30)


def test_budget_for_a_hundred_admits_a_hundred_of_a_thousand(
    system: Plant, spender: AgentWorker
) -> None:
    publish_skill(system, SCARCE, OWNER, capacity=1000)
    system.must("PublishWorkflowDefinition", SCARCE, name="twenty-at-once", version="1.0.0",
                definition=DEFINITION)  # fmt: skip
    set_limit(system, ROOM)
    start_while_workers_die(system)
    until("the hundred are done", lambda: kinds(system)["AgentTaskCompleted"] >= ROOM, 90)
    assert admitted(system) == (ROOM, ROOM * TOKENS, ROOM)
    assert waiting() == STARTS * AT_ONCE - ROOM
    # A kill after all is spent, and a little more to spend: that, and no more.
    system.site.kill_worker(WORKERS[0])
    system.site.kill_worker(WORKERS[1])
    set_limit(system, ROOM + 10)
    until("ten more are done", lambda: kinds(system)["AgentTaskCompleted"] >= ROOM + 10, 60)
    assert admitted(system) == (ROOM + 10, (ROOM + 10) * TOKENS, ROOM + 10)
    assert waiting() == STARTS * AT_ONCE - ROOM - 10
    assert spender.finished == ROOM + 10


def set_limit(system: Plant, tasks: int) -> None:
    """Let the tenant spend what so many tasks need; only the platform may widen a limit."""
    system.must("SetQuotaOverride", SCARCE, PLATFORM_ADMIN, dimension="tokens.input",
                window="month", limit=tasks * TOKENS, hard=True, reason="scarce")  # fmt: skip


def start_while_workers_die(system: Plant) -> None:
    """Queue the starts in two halves, and let the workers that admit them die at a place of their first cycle."""
    site = system.site
    for point, deaths in CRASHES.items():
        for name in WORKERS:
            assert site.stop(name) == 0
        for _ in range(STARTS // len(CRASHES)):
            system.by().produce(system.by().prepare(start(), SCARCE))
        for name in WORKERS:
            site.start_worker(name, FACTORY_CRASH_AT=f"{point}:1")
        until(f"deaths at {point}", lambda: crashes(system, point) >= deaths, 60)  # noqa: B023
    for name in WORKERS:
        site.stop(name)
        site.start_worker(name)
    site.wait_for_workers()
    until("every start", lambda: kinds(system)["WorkflowInstanceStarted"] == STARTS, 60)


def crashes(system: Plant, point: str) -> int:
    """Count the deaths at a crash point, by the workers' own last words."""
    return sum(system.site.crashes_in_log(name, point) for name in WORKERS)


def kinds(system: Plant) -> Counter[str]:
    """Count the tenant's facts by type."""
    return Counter(event.envelope.event_type for event in system.facts(SCARCE))


def admitted(system: Plant) -> tuple[int, int, int]:
    """Give tasks assigned, input tokens settled and reservations made for tasks."""
    facts = system.facts(SCARCE)
    tasks = {e.payload.reservation_id for e in facts if isinstance(e.payload, AgentTaskAssigned)}
    reserved = [e.payload for e in facts if isinstance(e.payload, QuotaReserved)]
    spent = sum(
        use.amount
        for e in facts
        if isinstance(e.payload, QuotaSettled)
        for use in e.payload.actual
        if use.dimension == "tokens.input"
    )
    return len(tasks), spent, sum(r.reservation_id in tasks for r in reserved)


def waiting() -> int:
    """Count the steps that wait in queues, by the tenant's replayed state."""
    replayed = TenantReplay(from_environment(), SCARCE).run()
    return sum(isinstance(entry.value, WaitingStep) for entry in replayed.entries.values())


def start() -> EdgeModel:
    """Give a start."""
    return command("StartWorkflow", workflow_instance_id=f"wf-{uuid7()}", definition_owner=SCARCE,
                   definition_name="twenty-at-once", definition_version="", input="{}", priority=3)  # fmt: skip
