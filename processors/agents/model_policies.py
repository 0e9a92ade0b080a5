"""Which model policy a reference means, and whether model calls keep to it.

Source: domain.md §6: checked at assignment and again against modelInvocations[] of the result.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from processors import assets
from processors.agents.state import ModelPolicy, ModelPolicySeries
from processors.decision import Decision


class ModelCall(Protocol):
    """One model call as a result reports it; the command's ModelInvocation is one."""

    @property
    def invocation_id(self) -> str:
        """Id of the call; usage counts once for it in its task."""
        ...

    @property
    def provider(self) -> str:
        """Who served the model."""
        ...

    @property
    def model(self) -> str:
        """The model."""
        ...

    @property
    def input_tokens(self) -> int:
        """Tokens read."""
        ...

    @property
    def output_tokens(self) -> int:
        """Tokens written."""
        ...


def resolve_model_policy(decision: Decision, reference: str) -> ModelPolicy | None:
    """Give the policy that ``[owner/]name[@version]`` means, or None.

    No owner means ``system``; no version the newest published one.
    """
    named = assets.parse(reference)
    tables = assets.tables_of(decision, named.owner) if named is not None else None
    if named is None or tables is None:
        return None
    version = named.version
    if version is None:
        series = tables.get(ModelPolicySeries, named.name)
        version = series.versions[0] if series is not None else ""
    return tables.get(ModelPolicy, assets.record_id(named.name, version))


def check_models(policy: ModelPolicy, invocations: Sequence[ModelCall]) -> list[str]:
    """List where model calls break the policy, one sentence each: models, tokens a call and a task.

    ``invocations``: those of one result; a policy bounds what one attempt may use.
    """
    allowed = {(model.provider, model.model) for model in policy.models}
    return [
        *(finding for call in invocations for finding in _of_call(policy, allowed, call)),
        *_of_task(policy, invocations),
    ]


def _of_call(policy: ModelPolicy, allowed: set[tuple[str, str]], call: ModelCall) -> Iterator[str]:
    where = f"call {call.invocation_id!r}"
    if (call.provider, call.model) not in allowed:
        yield f"{where}: {call.provider!r} {call.model!r} is not allowed by {_name(policy)}"
    if call.input_tokens > policy.call_input_tokens_max:
        yield _over(where, "input", call.input_tokens, policy.call_input_tokens_max)
    if call.output_tokens > policy.call_output_tokens_max:
        yield _over(where, "output", call.output_tokens, policy.call_output_tokens_max)


def _of_task(policy: ModelPolicy, calls: Iterable[ModelCall]) -> Iterator[str]:
    read = written = 0
    for call in calls:
        read += call.input_tokens
        written += call.output_tokens
    if read > policy.task_input_tokens_max:
        yield _over("task", "input", read, policy.task_input_tokens_max)
    if written > policy.task_output_tokens_max:
        yield _over("task", "output", written, policy.task_output_tokens_max)


def _over(where: str, dimension: str, used: int, most: int) -> str:
    return f"{where}: {used} {dimension} tokens, at most {most}"


def _name(policy: ModelPolicy) -> str:
    return f"{policy.name}@{policy.version}"
