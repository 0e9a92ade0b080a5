"""The Workflow Orchestration context."""

from processors.workflow.evolve import EVOLVERS

__all__ = ["EVOLVERS"]
