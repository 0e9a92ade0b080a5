"""Definitions and fates by chance: what people and agents could do to a workflow, drawn from one seed."""

from random import Random
from typing import Any

from msgspec import Struct

from processors import pipeline, registry
from processors.workflow.state import TERMINAL
from schemas.messages.governance.facts import ApprovalGranted, ApprovalRejected
from schemas.messages.tenancy.facts import TenantReactivated
from schemas.messages.workflow import commands
from schemas.messages.workflow.messages import AgentTaskAssignment
from schemas.messages.workflow.state import (
    AgentTask,
    ApprovalWait,
    WorkflowInstance,
    WorkflowStep,
)
from tests.unit.scenario import Scenario
from tests.unit.workflow.definitions import Item, agent_task, approval, steps
from tests.unit.workflow.world import (
    OWNER,
    act,
    call,
    claim,
    complete,
    failing,
    happen,
    heartbeat,
    progress,
    suspended,
)

DEPTH_MAX = 3


class Chance:
    """Draws definitions of all kinds of task, nested."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0

    def do(self, depth: int = 0) -> list[Item]:
        """Give a list of one to three tasks."""
        return [step for _ in range(self.random.randint(1, 3)) for step in self._step(depth)]

    def _step(self, depth: int) -> list[Item]:
        self.count += 1
        kinds = [self._agent_task] * 4 + [self._set, self._wait, self._approval, self._raise]
        if depth < DEPTH_MAX:
            kinds += [self._fork, self._for, self._try, self._switch] * 2
        task = self.random.choice(kinds)(depth)
        if self.random.random() < 0.2:
            task["if"] = self.random.choice(["${ false }", "${ input.n > 0 }"])
        if self.random.random() < 0.15:
            task["timeout"] = "PT90S"
        return steps(**{f"step{self.count}": task})

    def _agent_task(self, _: int) -> Item:
        return agent_task(
            "${ input.n }",
            priority=self.random.randint(1, 5),
            maxCorrectionAttempts=self.random.randint(0, 2),
            retry={"attempts": 2},
        )

    def _set(self, _: int) -> Item:
        return {"set": {"a": "${ input.n }", "b": 1}}

    def _wait(self, _: int) -> Item:
        return {"wait": self.random.choice(["PT0S", "PT5S"])}

    def _approval(self, _: int) -> Item:
        return approval(expires="PT1H", onExpiry=self.random.choice(["reject", "escalate"]))

    def _raise(self, _: int) -> Item:
        return {"raise": {"error": {"type": "boom", "title": "boom"}}, "if": "${ input.n > 5 }"}

    def _switch(self, _: int) -> Item:
        then = self.random.choice(["exit", "end", "continue"])
        return {"switch": [{"high": {"when": "${ input.n > 3 }", "then": then}}]}

    def _fork(self, depth: int) -> Item:
        branches = [{f"b{n}": {"do": self.do(depth + 1)}} for n in range(self.random.randint(1, 3))]
        return {"fork": {"branches": branches, "compete": self.random.random() < 0.3}}

    def _for(self, depth: int) -> Item:
        task: Item = {
            "for": {"each": "item", "in": self.random.choice(["${ [1, 2, 3] }", "${ [] }"])},
            "do": self.do(depth + 1),
            "x-concurrency": self.random.randint(1, 3),
        }
        if self.random.random() < 0.3:
            task["while"] = "${ context.item < 3 }"
        return task

    def _try(self, depth: int) -> Item:
        catch: Item = {}
        if self.random.random() < 0.4:
            catch["errors"] = {
                "with": {"type": self.random.choice(["agent", "boom", "validation"])}
            }
        if self.random.random() < 0.3:
            catch["when"] = "${ context.error.message != 'nothing' }"
        if self.random.random() < 0.5:
            catch["retry"] = {"attempts": 2, "delay": "PT2S"}
        if self.random.random() < 0.5:
            catch["do"] = self.do(depth + 1)
        return {"try": self.do(depth + 1), "catch": catch}


class Fate:
    """Lets agents, people and time act on a scenario until every instance has ended."""

    def __init__(self, random: Random, scenario: Scenario, instances: list[str]) -> None:
        self.random = random
        self.scenario = scenario
        self.instances = instances
        self.sent: dict[tuple[str, int], AgentTaskAssignment] = {}
        self.suspended = False
        self.acts = 0

    def command(self, command: Struct) -> None:
        """Send a command and keep the assignments it led to."""
        act(self.scenario, command)
        self._keep()

    def _keep(self) -> None:
        for message in self.scenario.sent:
            if isinstance(message, AgentTaskAssignment):
                self.sent[message.task_id, message.attempt] = message

    def is_over(self) -> bool:
        """Tell whether every instance has ended."""
        return all(header.status in TERMINAL for header in self._headers().values())

    def _headers(self) -> dict[str, WorkflowInstance]:
        found = {i: self.scenario.tables.get(WorkflowInstance, i) for i in self.instances}
        return {i: header for i, header in found.items() if header is not None}

    def act_once(self) -> None:
        """Let one thing happen that can happen now."""
        self.acts += 1
        self.scenario.at += self.random.randint(0, 2_000_000)
        self.random.choice(self._possible())()

    def _possible(self) -> list[Any]:
        possible: list[Any] = []
        headers = self._headers()
        if self._held():
            possible += [self._answer] * 8
        if self._asked():
            possible += [self._decide_approval] * 3
        if self._escalated():
            possible += [self._answer_escalation] * 2
        if self.due():
            possible.append(self._fire)
        if any(header.status == "Paused" for header in headers.values()):
            possible.append(self._resume)
        if self.suspended:
            possible.append(self._reactivate)
        return possible + self._rare()

    def _rare(self) -> list[Any]:
        rare = [
            (0.05, self._pause),
            (0.01, self._cancel),
            (0.03, self._suspend),
            (0.1, self._stale),
        ]
        return [thing for share, thing in rare if self.random.random() < share]

    def _held(self) -> list[AgentTaskAssignment]:
        tasks = ((m, self.scenario.tables.get(AgentTask, m.task_id)) for m in self.sent.values())
        return [
            message
            for message, task in tasks
            if task is not None
            and task.attempt == message.attempt
            and task.status in {"Assigned", "Claimed"}
        ]

    def _asked(self) -> list[str]:
        return [approval_id for approval_id, _ in self.scenario.tables.scan(ApprovalWait)]

    def _escalated(self) -> list[str]:
        found = self.scenario.tables.scan(WorkflowStep)
        return [step_id for step_id, step in found if step.status == "Escalated"]

    def due(self) -> list[tuple[int, str, str]]:
        """List (deadline, kind, record) of all that waits for time, but the end of retention."""
        kinds = (kind for kind in registry.timers() if kind.__name__ != "QuotaLedger")
        waiting = [
            (deadline, kind.__name__, record_id)
            for kind in kinds
            for record_id, record in self.scenario.tables.scan(kind)
            if (deadline := pipeline.deadline_of(record)) is not None
            and getattr(record, "archives_at", None) is None
        ]
        return sorted(waiting)

    def _fire(self) -> None:
        self.fire(self.due()[0])

    def fire(self, due: tuple[int, str, str]) -> None:
        """Let a timer fire; afterwards its record waits for something else, or for nothing."""
        deadline, kind_name, record_id = due
        kind, _ = registry.timers_by_name()[kind_name]
        self.scenario.when_timer(kind, record_id)
        self._keep()
        record = self.scenario.tables.get(kind, record_id)
        assert record is None or pipeline.deadline_of(record) != deadline, (kind_name, record)

    def _answer(self) -> None:
        self.command(self._any_answer(self.random.choice(self._held())))
        rejection = self.scenario.rejection
        assert rejection is None or rejection.code == "INVALID_STATE", rejection

    def _stale(self) -> None:
        if self.sent:
            self.command(self._any_answer(self.random.choice(list(self.sent.values()))))

    def _any_answer(self, message: AgentTaskAssignment) -> Struct:
        used = {"model_invocations": (call(self.random.randint(0, 99)),)}
        kinds: list[Struct] = [
            claim(message),
            heartbeat(message),
            progress(message),
            *[complete(message, **used)] * 5,
            complete(message, "[]", **used),
            failing(message, "external", **used),
            failing(message, "agent", **used),
            failing(message, "validation"),
        ]
        return self.random.choice(kinds)

    def _decide_approval(self) -> None:
        approval_id = self.random.choice(self._asked())
        answer: Struct = ApprovalGranted(
            approval_id=approval_id, principal_id=OWNER, comment="", voters=(OWNER,)
        )
        if self.random.random() < 0.3:
            answer = ApprovalRejected(
                approval_id=approval_id, reason_code="no", principal_id=OWNER, comment=""
            )
        happen(self.scenario, answer)
        self._keep()

    def _answer_escalation(self) -> None:
        instance_id, _, path = self.random.choice(self._escalated()).partition("/")
        kind = self.random.choice([commands.RetryWorkflowStep, commands.SkipWorkflowStep])
        self.command(kind(workflow_instance_id=instance_id, step_path=path, reason="by chance"))
        self._unless_suspended()

    def _unless_suspended(self) -> None:
        rejection = self.scenario.rejection
        expected = rejection is None or (self.suspended and rejection.code == "TENANT_SUSPENDED")
        assert expected, rejection

    def _pause(self) -> None:
        instance_id = self.random.choice(self.instances)
        self.command(commands.PauseWorkflow(workflow_instance_id=instance_id, reason="by chance"))

    def _resume(self) -> None:
        paused = [i for i, header in self._headers().items() if header.status == "Paused"]
        self.command(commands.ResumeWorkflow(workflow_instance_id=self.random.choice(paused)))
        self._unless_suspended()

    def _cancel(self) -> None:
        instance_id = self.random.choice(self.instances)
        self.command(commands.CancelWorkflow(workflow_instance_id=instance_id, reason="by chance"))

    def _suspend(self) -> None:
        if not self.suspended:
            self.suspended = True
            happen(self.scenario, suspended())

    def _reactivate(self) -> None:
        self.suspended = False
        happen(
            self.scenario, TenantReactivated(tenant_id=self.scenario.tenant_id, reason="by chance")
        )
        self._keep()
