"""The most that a token budget can cost: what is reserved before a task is assigned.

Source: settled.md 22 (token budget times the dearest allowed price).
"""

from collections.abc import Sequence
from typing import Protocol

from processors.costs.prices import INPUT, OUTPUT, Tariff, cost_at_most, tariff
from processors.decision import Decision


class Model(Protocol):
    """A model that a policy allows."""

    @property
    def provider(self) -> str:
        """Who serves it."""
        ...

    @property
    def model(self) -> str:
        """Its name."""
        ...


class AllowedModels(Protocol):
    """A policy that allows models; the agents context's ModelPolicy is one."""

    @property
    def models(self) -> Sequence[Model]:
        """The models, in the order of fail-over."""
        ...


def worst_case(
    decision: Decision, policy: AllowedModels, input_tokens: int, output_tokens: int
) -> int | None:
    """Give the most that the token budget can cost under the policy, micros, rounded up.

    None where an allowed model has no price or there is no price list: nothing can be promised
    then. Input and output may go to different models, so each is taken at its own dearest.
    """
    applied = tariff(decision)
    if applied is None:
        return None
    of_input = _dearest_cost(applied, policy, INPUT, input_tokens)
    of_output = _dearest_cost(applied, policy, OUTPUT, output_tokens)
    return None if of_input is None or of_output is None else of_input + of_output


def _dearest_cost(
    applied: Tariff, policy: AllowedModels, dimension: str, quantity: int
) -> int | None:
    most = 0
    for model in policy.models:
        price = applied.price(model.provider, model.model, dimension)
        if price is None:
            return None
        most = max(most, cost_at_most(quantity, price))
    return most
