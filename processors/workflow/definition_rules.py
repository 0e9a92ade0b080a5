"""The definitions' part of the workflow context's tables."""

from processors.rules import CommandRule, Commands, Evolvers
from processors.workflow import define_workflow, evolve_definition, publish_workflow_definition
from schemas.messages.workflow import commands, facts

DEFINITION_COMMANDS: Commands = {
    commands.DefineWorkflow: CommandRule(define_workflow.decide, "workflow-definition:define"),
    commands.PublishWorkflowDefinition: CommandRule(
        publish_workflow_definition.decide, "workflow-definition:publish"
    ),
}

DEFINITION_EVOLVERS: Evolvers = {
    facts.WorkflowDefined: (evolve_definition.workflow_defined,),
    facts.WorkflowDefinitionPublished: (evolve_definition.workflow_definition_published,),
}
