"""Workflow Orchestration: definitions, running instances, and the agent tasks they give out.

Owns what a definition may say, where an instance stands, who waits for what, and the leases of agent tasks.
Does not own who may act (identity), what is allowed (governance), how much (tenancy), which agents and
skills there are (agents), what work costs (costs) or what it made (artifacts): it asks those contexts
inside the same decision, and follows their facts.
"""

from processors.rules import Commands, Evolvers
from processors.workflow.definition_rules import DEFINITION_COMMANDS, DEFINITION_EVOLVERS
from processors.workflow.engine_rules import ENGINE_COMMANDS
from processors.workflow.evolve import EVOLVERS as ENGINE_EVOLVERS
from processors.workflow.reactions import REACTIONS
from processors.workflow.state import status_of
from processors.workflow.timers import TIMERS

__all__ = ["COMMANDS", "EVOLVERS", "REACTIONS", "TIMERS", "status_of"]

COMMANDS: Commands = {**DEFINITION_COMMANDS, **ENGINE_COMMANDS}

EVOLVERS: Evolvers = {**DEFINITION_EVOLVERS, **ENGINE_EVOLVERS}
