"""PublishEdition — publish a drafted version of an edition.

State     the edition; Draft -> Published
Produces  EditionPublished, which every partition gets a copy of
Refuses   NOT_FOUND (edition), ALREADY_EXISTS (published already: it is immutable),
          POLICY_DENIED, APPROVAL_REQUIRED
Source    domain.md §2, §7 (publish of any asset is gated); settled.md 16, 25
"""

from processors import governance, identity
from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.editions import edition_id, fact_limits
from processors.tenancy.state import Edition
from schemas.messages.tenancy.commands import PublishEdition
from schemas.messages.tenancy.facts import EditionPublished


def decide(command: PublishEdition, decision: Decision) -> Rejection | None:
    """Publish the draft, whole: partitions other than that of ``system`` see nothing but this fact."""
    wanted = edition_id(command.name, command.version)
    edition = decision.tables.get(Edition, wanted)
    if edition is None:
        return Rejection("NOT_FOUND", "no such edition", "version", got=wanted)
    if edition.status != "Draft":
        return Rejection("ALREADY_EXISTS", "a version is published once", "version", got=wanted)
    refused = governance.gate_command(
        decision,
        action="edition:publish",
        resource=f"edition/{wanted}",
        context={"name": command.name, "version": command.version},
        roles=identity.roles_of(decision, decision.cause.actor_id),
    )
    if refused is not None:
        return refused
    decision.record(
        EditionPublished(
            edition_id=wanted,
            name=edition.name,
            version=edition.version,
            display_name=edition.display_name,
            features=edition.features,
            limits=fact_limits(edition.limits),
        )
    )
    return None
