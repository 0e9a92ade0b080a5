"""A policy gate of which a test says what it answers, where the gate itself is not the subject."""

from typing import Any

import pytest

from processors import governance
from processors.contract import Rejection


class Gate:
    """What gated commands asked, and what they are answered; allows until told otherwise."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Rejection | None = None

    def __call__(self, _decision: object, **asked: Any) -> Rejection | None:
        self.asked.append(asked)
        return self.answer

    def refuses(self, code: str) -> None:
        """Refuse what is asked from now on."""
        self.answer = Rejection(code, "the gate of the test says so")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Put a gate of the test's own in the place of the policy engine."""
    own = Gate()
    monkeypatch.setattr(governance, "gate_command", own)
    return own
