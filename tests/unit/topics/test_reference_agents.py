"""The reference agents answer every seed skill with an output that the skill's schema takes."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import validator_for

from schemas.output import OperatorError
from tests.unit.topics.assignments import assignment
from topics.agent_task import AgentTask, TaskResult
from topics.reference_agents import AGENTS, reference_worker
from topics.reference_agents.agents import PREFIX

SEEDS = Path(__file__).resolve().parents[3] / "definitions" / "skills"
SKILLS = {
    document["publish"]["name"]: document["publish"]
    for document in (yaml.safe_load(path.read_text()) for path in SEEDS.glob("*.yaml"))
}
HANDLERS = {skill: handler for agent in AGENTS.values() for skill, handler in agent.skills.items()}
BLUEPRINT: dict[str, Any] = {"title": "T", "components": [{"name": n} for n in ("a", "b", "c")]}
FILES = {"files": [{"path": "src/order-intake/service.py"}]}
INPUTS: dict[str, dict[str, Any]] = {
    "DesignBlueprint": {"product": "shop", "difficulty": "hard"},
    "GenerateCode": {"blueprint": BLUEPRINT, "product": "shop"},
    "WriteTests": FILES,
    "ReviewCode": FILES,
    "PlanRelease": {"product": "shop"},
    "AddOne": {"value": 41},
}


@pytest.fixture(autouse=True)
def _blobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTORY_LOCAL", str(tmp_path))


def run(skill: str, *, findings: tuple[str, ...] = (), **inputs: Any) -> TaskResult:
    given = inputs or INPUTS[skill]
    task = AgentTask(assignment(PREFIX + skill, json.dumps(given), findings))
    result = HANDLERS[PREFIX + skill](task)
    assert isinstance(result, TaskResult)
    return result


def test_every_seed_skill_is_served_by_one_reference_agent() -> None:
    assert set(HANDLERS) == set(SKILLS)
    assert sum(len(agent.skills) for agent in AGENTS.values()) == len(HANDLERS)


@pytest.mark.parametrize("skill", INPUTS)
def test_inputs_and_outputs_obey_the_skills_schemas(skill: str) -> None:
    published = SKILLS[PREFIX + skill]
    assert validator_for(json.loads(published["inputSchema"])).is_valid(INPUTS[skill])
    output = run(skill).output
    assert validator_for(json.loads(published["outputSchema"])).is_valid(output), output


def test_the_first_code_lacks_a_component_and_the_correction_has_it() -> None:
    first = run("GenerateCode")
    assert first.findings == ("component c has no file",)
    assert not first.artifacts
    corrected = run("GenerateCode", findings=first.findings)  # type: ignore[arg-type]
    assert not corrected.findings
    assert len(corrected.output["files"]) == 3
    assert corrected.artifacts


def test_the_body_of_an_artifact_is_kept_under_its_hash(tmp_path: Path) -> None:
    artifact = run("PlanRelease").artifacts[0]
    digest = artifact.content_hash.removeprefix("sha256:")
    assert (tmp_path / "blobs" / digest).is_file()
    assert artifact.storage_ref == f"blob://local/{digest}"


def test_usage_is_counted_from_what_goes_in_and_out() -> None:
    small, large = run("AddOne"), run("DesignBlueprint")
    assert small.invocations[0].input_tokens == 1
    assert large.invocations[0].output_tokens > 50


def test_an_unknown_reference_agent_is_refused_by_name() -> None:
    with pytest.raises(OperatorError, match="no reference agent 'poet'"):
        reference_worker("poet", bootstrap="127.0.0.1:1")
