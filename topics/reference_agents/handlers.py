"""What the reference agents do for each seed skill: small, deterministic, true to the skill's output schema."""

import json
from typing import Any, Final

from topics.agent_task import AgentTask, ModelInvocation, TaskResult
from topics.reference_agents.blobs import store

CHARACTERS_PER_TOKEN: Final = 4
"""The usual rule of thumb for English text."""
COMPONENTS: Final = (
    ("order-intake", "Takes orders over HTTP and checks them."),
    ("order-store", "Keeps orders and finds them again."),
    ("order-events", "Tells other services what became of an order."),
)
SIMPLE_COMPONENTS: Final = COMPONENTS[:2]


def _tokens(value: Any) -> int:
    return max(1, len(json.dumps(value, ensure_ascii=False)) // CHARACTERS_PER_TOKEN)


def _result(
    task: AgentTask,
    model: str,
    output: Any,
    artifact_type: str | None = None,
    findings: tuple[str, ...] = (),
) -> TaskResult:
    """Give a result whose one invocation is counted from what went in and what came out."""
    invocation = ModelInvocation(
        provider="reference",
        model=model,
        input_tokens=_tokens(task.inputs) + _tokens(task.intent),
        output_tokens=_tokens(output),
    )
    name = f"{artifact_type}-{task.assignment.task_id[-12:]}"
    artifacts = (store(name, artifact_type, output),) if artifact_type and not findings else ()
    return TaskResult(
        output=output, invocations=(invocation,), artifacts=artifacts, findings=findings
    )


def design_blueprint(task: AgentTask) -> TaskResult:
    """Design components for a product; a hard one has one more."""
    product = task.inputs["product"]
    components = SIMPLE_COMPONENTS if task.inputs.get("difficulty") == "easy" else COMPONENTS
    output = {
        "title": f"Blueprint of the {product}",
        "summary": f"The {product} in {len(components)} components. {task.intent}"[:2000],
        "components": [{"name": n, "responsibility": r} for n, r in components],
        "decisions": ["Components talk through events; none reads another's store."],
    }
    return _result(task, "reference-large", output, "blueprint")


def generate_code(task: AgentTask) -> TaskResult:
    """Write one file a component. The first try forgets what goes beyond two components, and its own check says so."""
    components = [c["name"] for c in task.inputs["blueprint"].get("components", ())] or ["main"]
    is_first_try = not task.assignment.findings
    written = components[: len(SIMPLE_COMPONENTS)] if is_first_try else components
    output = {
        "summary": f"{len(written)} components written for {task.inputs['blueprint']['title']}",
        "files": [{"path": f"src/{name}/service.py", "language": "python"} for name in written],
    }
    missing = tuple(f"component {name} has no file" for name in components[len(written) :])
    return _result(task, "reference-medium", output, "source-code", missing)


def write_tests(task: AgentTask) -> TaskResult:
    """Write a unit and a contract test for each file."""
    names = [file["path"].split("/")[-2] for file in task.inputs["files"]]
    tests = [{"name": f"{name} does what it says", "kind": "unit"} for name in names]
    tests += [{"name": f"{name} keeps its contract", "kind": "contract"} for name in names]
    output = {"tests": tests, "passed": len(tests), "failed": 0, "coveragePercent": 94.0}
    return _result(task, "reference-medium", output, "test-report")


def review_code(task: AgentTask) -> TaskResult:
    """Approve, with a remark on each file."""
    findings = [
        {"severity": "info", "message": "Small, named for what it does.", "path": file["path"]}
        for file in task.inputs["files"]
    ]
    output = {"verdict": "approved", "findings": findings}
    return _result(task, "reference-large", output)


def plan_release(task: AgentTask) -> TaskResult:
    """Plan the way through the environments, in their order."""
    output = {
        "version": "1.0.0",
        "steps": [
            {"environment": environment, "action": f"Promote the {task.inputs['product']}."}
            for environment in ("dev", "test", "staging", "prod")
        ],
        "notes": f"First release of the {task.inputs['product']}.",
        "risks": ["No traffic has been seen yet."],
    }
    return _result(task, "reference-large", output, "release-plan")


def add_one(task: AgentTask) -> TaskResult:
    """Add one: the smallest task there is; what it reports as usage is one token each way."""
    invocation = ModelInvocation(
        provider="reference", model="reference-small", input_tokens=1, output_tokens=1
    )
    return TaskResult(output={"value": task.inputs["value"] + 1}, invocations=(invocation,))
