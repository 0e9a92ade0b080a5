"""Cost & Usage: what model calls cost and what was used, exactly once.

Owns price lists and the record of usage. Does not own budgets and quotas (tenancy), which models
are allowed (agents) or rollups (query): it prices and meters, nothing else.
"""

from typing import Final

from processors.costs import evolve, publish_price_list
from processors.costs.budget import worst_case
from processors.costs.usage import Usage, record_usage
from processors.rules import CommandRule, Commands, Evolvers
from schemas.messages.costs.commands import PublishPriceList
from schemas.messages.costs.facts import PriceListPublished, UsageRecorded
from schemas.messages.workflow.facts import WorkflowInstanceArchived

__all__ = ["COMMANDS", "EVOLVERS", "Usage", "record_usage", "worst_case"]

COMMANDS: Final[Commands] = {
    PublishPriceList: CommandRule(publish_price_list.decide, "price-list:publish"),
}

EVOLVERS: Final[Evolvers] = {
    PriceListPublished: (evolve.price_list_published,),
    UsageRecorded: (evolve.usage_recorded,),
    WorkflowInstanceArchived: (evolve.workflow_instance_archived,),
}
