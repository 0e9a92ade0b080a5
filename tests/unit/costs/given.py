"""Price lists and model calls that the tests of the costs context are given."""

from typing import Final

from schemas.ids import ProjectId, TaskId, WorkflowInstanceId
from schemas.messages.costs.facts import Price, PriceListPublished
from schemas.messages.workflow.commands import ModelInvocation

TASK: Final = TaskId("task-00000000-0000-0000-0000-000000000001")
WORKFLOW: Final = WorkflowInstanceId("wf-00000000-0000-0000-0000-000000000001")
PROJECT: Final = ProjectId("proj-00000000-0000-0000-0000-000000000001")


def prices(model: str, read: int, written: int, unit: int = 1_000) -> tuple[Price, Price]:
    """Give the two prices of a model, micros per ``unit`` tokens."""
    return (
        Price(
            provider="reference",
            model=model,
            dimension="tokens.input",
            unit_quantity=unit,
            unit_price=read,
        ),
        Price(
            provider="reference",
            model=model,
            dimension="tokens.output",
            unit_quantity=unit,
            unit_price=written,
        ),
    )


STANDARD: Final = PriceListPublished(
    name="standard",
    version="1.0.0",
    currency="USD",
    prices=(*prices("large", 5_000, 25_000), *prices("small", 7, 11)),
)


def call(
    number: int = 1, model: str = "small", read: int = 1_000, written: int = 100
) -> ModelInvocation:
    """Give a model call with the id ``inv-<number>``."""
    return ModelInvocation(
        invocation_id=f"inv-{number}",
        provider="reference",
        model=model,
        input_tokens=read,
        output_tokens=written,
    )
