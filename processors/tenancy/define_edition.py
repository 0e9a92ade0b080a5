"""DefineEdition — draft a version of an edition.

State     the editions of ``system``
Produces  EditionDefined
Refuses   ALREADY_EXISTS (that version), INVALID_ARGUMENT (a limit that makes no sense or comes twice;
          a feature twice or without a name)
Source    domain.md §2
"""

from processors.contract import Rejection
from processors.decision import Decision
from processors.tenancy.editions import edition_id, fact_limits, refuse_limits
from processors.tenancy.state import Edition
from schemas.messages.tenancy.commands import DefineEdition
from schemas.messages.tenancy.facts import EditionDefined


def decide(command: DefineEdition, decision: Decision) -> Rejection | None:
    """Draft the edition; a draft that is wrong is followed by another version."""
    wanted = edition_id(command.name, command.version)
    if decision.tables.get(Edition, wanted) is not None:
        return Rejection("ALREADY_EXISTS", "a version is defined once", "version", got=wanted)
    refused = refuse_limits(command.limits) or _refuse_features(command.features)
    if refused is not None:
        return refused
    decision.record(
        EditionDefined(
            edition_id=wanted,
            name=command.name,
            version=command.version,
            display_name=command.display_name,
            features=command.features,
            limits=fact_limits(command.limits),
        )
    )
    return None


def _refuse_features(features: tuple[str, ...]) -> Rejection | None:
    for index, feature in enumerate(features):
        if not feature or feature in features[:index]:
            return Rejection(
                "INVALID_ARGUMENT",
                "each feature is named once",
                f"features[{index}]",
                "a name that did not come before",
                feature,
            )
    return None
