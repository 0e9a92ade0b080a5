"""The two calls: an agent task and an approval."""

from typing import Final

from yaml.nodes import Node as YamlNode

from processors import identity, versions
from processors.workflow.definition.durations import DAY, SECOND
from processors.workflow.definition.model import CallAgentTask, CallApproval, Node, Retry
from processors.workflow.definition.reader import Fields, Reader

ROLE: Final = r"[A-Za-z][A-Za-z0-9]{0,63}"
SKILL: Final = r"([a-z0-9][a-z0-9-]{1,62}/)?[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*){0,7}"
MODEL_POLICY: Final = (
    r"([a-z0-9][a-z0-9-]{1,62}/)?[a-z0-9][a-z0-9-]{1,62}(@[0-9]+\.[0-9]+\.[0-9]+)?"
)
ACTION: Final = r"[a-z][a-z-]{0,31}:[a-z][a-z-]{0,31}"
FAILURE_CLASSES: Final = ("validation", "external", "agent", "infrastructure")
RETRIED: Final = ("external", "infrastructure", "agent")
TOKENS_MAX: Final = 10_000_000
WEEK: Final = 7 * DAY


def agent_task(
    reader: Reader, node: Node, source: YamlNode, gate: YamlNode | None
) -> CallAgentTask:
    """Read ``with`` of ``call: agentTask``."""
    path = f"{node.path}/with"
    fields = reader.mapping(
        source,
        path,
        ("role", "skill"),
        (
            "skillVersion",
            "intent",
            "inputs",
            "modelPolicy",
            "tokenBudget",
            "maxCorrectionAttempts",
            "deadline",
            "priority",
            "retry",
        ),
    )
    budget_in, budget_out = _budget(reader, path, fields.get("tokenBudget"))
    return CallAgentTask(
        node=node,
        role=reader.text(fields.get("role"), f"{path}/role", "Unknown", ROLE),
        skill=reader.text(fields.get("skill"), f"{path}/skill", "Unknown", SKILL),
        skill_range=_range(reader, path, fields.get("skillVersion")),
        inputs=_inputs(reader, path, fields.get("inputs")),
        intent=_intent(reader, node, path, fields.get("intent")),
        model_policy=reader.text(
            fields.get("modelPolicy"), f"{path}/modelPolicy", "standard", MODEL_POLICY
        ),
        input_tokens=budget_in,
        output_tokens=budget_out,
        max_corrections=reader.integer(
            fields.get("maxCorrectionAttempts"), f"{path}/maxCorrectionAttempts", 2, 0, 10
        ),
        deadline_micros=reader.duration(
            fields.get("deadline"), f"{path}/deadline", 3600 * SECOND, low=SECOND, high=WEEK
        ),
        priority=reader.integer(fields.get("priority"), f"{path}/priority", 3, 1, 5),
        retry=retry(reader, f"{path}/retry", fields.get("retry")) or Retry(),
        gate=reader.text(gate, f"{node.path}/x-gate", "", ACTION) or None,
    )


def _range(reader: Reader, path: str, source: YamlNode | None) -> str:
    text = reader.text(source, f"{path}/skillVersion", "*", r".{1,60}")
    if source is not None and versions.comparisons(text) is None:
        reader.report(source, f"{path}/skillVersion", "BAD_VALUE", f"{text!r} is no version range")
        return "*"
    return text


def _budget(reader: Reader, path: str, source: YamlNode | None) -> tuple[int, int]:
    default = (20_000, 4_000)
    if source is None:
        return default
    fields = reader.mapping(source, f"{path}/tokenBudget", ("input", "output"))
    return (
        reader.integer(fields.get("input"), f"{path}/tokenBudget/input", default[0], 0, TOKENS_MAX),
        reader.integer(
            fields.get("output"), f"{path}/tokenBudget/output", default[1], 0, TOKENS_MAX
        ),
    )


def _inputs(reader: Reader, path: str, source: YamlNode | None) -> tuple[tuple[str, str], ...]:
    if source is None:
        return ()
    fields: Fields = reader.pairs(source, f"{path}/inputs") or {}
    return tuple((name, reader.value(v, f"{path}/inputs/{name}")) for name, v in fields.items())


def _intent(reader: Reader, node: Node, path: str, source: YamlNode | None) -> str:
    return f'"{node.name}"' if source is None else reader.value(source, f"{path}/intent")


def retry(reader: Reader, path: str, source: YamlNode | None) -> Retry | None:
    """Read a retry policy; None where there is none."""
    if source is None:
        return None
    optional = ("attempts", "delay", "maxDelay", "factor", "classes")
    fields = reader.mapping(source, path, (), optional)
    base = Retry()
    delay = reader.duration(
        fields.get("delay"), f"{path}/delay", base.delay_micros, low=0, high=DAY
    )
    classes = fields.get("classes")
    return Retry(
        attempts_max=reader.integer(
            fields.get("attempts"), f"{path}/attempts", base.attempts_max, 1, 20
        ),
        delay_micros=delay,
        delay_micros_max=reader.duration(
            fields.get("maxDelay"),
            f"{path}/maxDelay",
            max(base.delay_micros_max, delay),
            low=delay,
            high=DAY,
        ),
        factor=reader.number(fields.get("factor"), f"{path}/factor", base.factor, 1, 10),
        classes=base.classes if classes is None else _classes(reader, f"{path}/classes", classes),
    )


def _classes(reader: Reader, path: str, source: YamlNode) -> tuple[str, ...]:
    nodes = reader.items(source, path, most=len(RETRIED))
    return tuple(reader.choice(n, f"{path}/{i}", RETRIED[0], RETRIED) for i, n in enumerate(nodes))


def approval(reader: Reader, node: Node, source: YamlNode) -> CallApproval:
    """Read ``with`` of ``call: approval``."""
    path = f"{node.path}/with"
    optional = ("quorum", "fourEyes", "expires", "onExpiry", "title")
    fields = reader.mapping(source, path, ("approverRole",), optional)
    role = reader.text(fields.get("approverRole"), f"{path}/approverRole", "TenantOwner", ROLE)
    if "approverRole" in fields and role not in identity.ROLES:
        known = ", ".join(sorted(identity.ROLES))
        reader.report(
            fields["approverRole"],
            f"{path}/approverRole",
            "UNKNOWN_ROLE",
            f"{role} is none of {known}",
        )
    title = fields.get("title")
    return CallApproval(
        node=node,
        approver_role=role,
        quorum=reader.integer(fields.get("quorum"), f"{path}/quorum", 1, 1, 20),
        four_eyes=reader.boolean(fields.get("fourEyes"), f"{path}/fourEyes", default=True),
        expires_micros=reader.duration(fields.get("expires"), f"{path}/expires", DAY, low=SECOND),
        on_expiry=reader.choice(
            fields.get("onExpiry"), f"{path}/onExpiry", "reject", ("reject", "escalate")
        ),
        title=f'"{node.name}"' if title is None else reader.value(title, f"{path}/title"),
    )
