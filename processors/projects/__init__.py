"""Projects: what an intent becomes, its name, owner and stage.

Owns the project and its name in the tenant; ``find`` tells others whether one exists. Does not own the
work of a project (workflow) nor what it may use (tenancy).
"""

from processors.projects import create_project, evolve, initialize_project
from processors.projects.lookup import find
from processors.rules import CommandRule, Commands, Evolvers
from schemas.messages.projects import commands, facts

__all__ = ["COMMANDS", "EVOLVERS", "find"]

COMMANDS: Commands = {
    commands.CreateProject: CommandRule(create_project.decide, "project:create"),
    commands.InitializeProject: CommandRule(initialize_project.decide, "project:initialize"),
}

EVOLVERS: Evolvers = {
    facts.ProjectCreated: (evolve.project_created,),
    facts.ProjectInitialized: (evolve.project_initialized,),
}
