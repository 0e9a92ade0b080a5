import pytest

from tests.unit.gate_answer import GateAnswer, answered


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> GateAnswer:
    return answered(monkeypatch)
