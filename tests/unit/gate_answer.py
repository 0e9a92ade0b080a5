"""The policy gate as a test answers it: what was asked is kept, the answer is set."""

from typing import Any

import pytest

from processors import governance
from processors.contract import Rejection
from processors.decision import Decision


class GateAnswer:
    """Stands in for governance.gate_command; lets everything pass until told otherwise."""

    def __init__(self) -> None:
        self.answer: Rejection | None = None
        self.asked: list[dict[str, Any]] = []

    def gate_command(self, _decision: Decision, **question: Any) -> Rejection | None:
        self.asked.append(question)
        return self.answer


def answered(monkeypatch: pytest.MonkeyPatch) -> GateAnswer:
    """Put a gate that the test answers in place of the policy engine."""
    gate = GateAnswer()
    monkeypatch.setattr(governance, "gate_command", gate.gate_command)
    return gate


GATE_REFUSALS = (
    Rejection("POLICY_DENIED", "the platform's policy denies it"),
    Rejection("APPROVAL_REQUIRED", "the platform's policy asks for an approval"),
)
"""What the gate may answer other than leave; a decider passes both on as they are."""
