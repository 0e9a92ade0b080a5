"""DefinePolicy — keep a draft of one version of a policy; a draft may be written again until it is published.

State     Policy (name@version)
Produces  PolicyDefined
Refuses   INVALID_ARGUMENT (text that Cedar does not read, a statement without @id, an unknown annotation),
          ALREADY_EXISTS (the version is published)
Source    domain.md §7
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.governance.bounds import PolicyTextError
from processors.governance.cedar import check_text
from processors.governance.state import Policy
from schemas.messages.governance.commands import DefinePolicy
from schemas.messages.governance.facts import PolicyDefined


def decide(command: DefinePolicy, decision: Decision) -> Rejection | None:
    """Check the text and keep it."""
    policy_id = f"{command.name}@{command.version}"
    known = decision.tables.get(Policy, policy_id)
    if known is not None and known.status == "Published":
        return Rejection(
            "ALREADY_EXISTS", "a published version never changes", "version", got=policy_id
        )
    try:
        check_text(command.text)
    except PolicyTextError as error:
        return Rejection("INVALID_ARGUMENT", str(error), "text", "Cedar policies, each with an @id")
    decision.record(
        PolicyDefined(
            policy_id=policy_id,
            name=command.name,
            version=command.version,
            domain=command.domain,
            mode=command.mode,
            text=command.text,
        )
    )
    return None
