"""The workflow definition language: a strict profile of the CNCF Serverless Workflow DSL 1.0.

Owns what a definition may say and how a text becomes ``model.Definition``. Does not run anything.
"""

from processors.workflow.definition.check import DefinitionInvalidError, check_definition, load

__all__ = ["DefinitionInvalidError", "check_definition", "load"]
