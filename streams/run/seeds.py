"""The factory's seed assets: data under ``definitions/``, sent as commands of the tenant ``system``, each once.

What is published already is read from the facts, so a second run sends nothing and leaves no refusals behind.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from schemas.edge_model import EdgeModel, model_of
from schemas.ids import SYSTEM
from schemas.output import OperatorError
from topics.consumer import EventConsumer
from topics.producer import CommandProducer

DEFINITIONS: Final = Path(__file__).resolve().parents[2] / "definitions"
PLATFORM_ADMIN: Final = "user:platform-admin"
AGENT_MESH: Final = "service:agent-mesh"

Known = frozenset[tuple[str, ...]]


class Seed(NamedTuple):
    """A command with the fact that shows it was done before: (fact type, the values that identify it)."""

    what: str
    command: EdgeModel
    done: tuple[str, ...]


def _documents(folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((DEFINITIONS / folder).glob("*.yaml")):
        yield yaml.safe_load(path.read_text(encoding="utf-8"))


def _seed(what: str, command: str, fields: dict[str, Any], fact: str, *keys: str) -> Seed:
    return Seed(what, model_of(command).model_validate(fields), (fact, *(fields[k] for k in keys)))


def _principals() -> Iterator[Seed]:
    genesis = {"principalId": PLATFORM_ADMIN, "displayName": "Platform administrator"}
    yield _seed(
        "first principal", "EstablishPlatform", genesis, "PrincipalRegistered", "principalId"
    )
    mesh = {"principalId": AGENT_MESH, "kind": "service", "displayName": "Agent Mesh"}
    yield _seed(AGENT_MESH, "RegisterPrincipal", mesh, "PrincipalRegistered", "principalId")
    role = {"principalId": AGENT_MESH, "role": "AgentMesh"}
    yield _seed("role AgentMesh", "GrantRole", role, "RoleGranted", "principalId", "role")


def _editions() -> Iterator[Seed]:
    for document in _documents("editions"):
        what = f"edition {document['name']} {document['version']}"
        yield _seed(what, "DefineEdition", document, "EditionDefined", "name", "version")
        named = {"name": document["name"], "version": document["version"]}
        yield _seed(what, "PublishEdition", named, "EditionPublished", "name", "version")


def _policies() -> Iterator[Seed]:
    for document in _documents("policies"):
        what = f"policy {document['name']} {document['version']}"
        yield _seed(what, "DefinePolicy", document, "PolicyDefined", "name", "version")
        named = {"name": document["name"], "version": document["version"]}
        yield _seed(what, "PublishPolicy", named, "PolicyPublished", "name", "version")


def _agents() -> Iterator[Seed]:
    for document in _documents("model-policies"):
        what = f"model policy {document['name']}"
        yield _seed(what, "PublishModelPolicy", document, "ModelPolicyPublished", "name", "version")
    for document in _documents("prices"):
        what = f"price list {document['name']}"
        yield _seed(what, "PublishPriceList", document, "PriceListPublished", "name", "version")
    for kind, folder in (("Skill", "skills"), ("Agent", "agents")):
        for document in _documents(folder):
            register, publish = document["register"], document["publish"]
            what = f"{kind.lower()} {register['name']}"
            yield _seed(what, f"Register{kind}", register, f"{kind}Registered", "name")
            yield _seed(
                what, f"Publish{kind}Version", publish, f"{kind}VersionPublished", "name", "version"
            )


def _workflows() -> Iterator[Seed]:
    for path in sorted((DEFINITIONS / "workflows").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        head = yaml.safe_load(text)["document"]
        fields = {"name": head["name"], "version": head["version"], "definition": text}
        what = f"workflow {head['name']} {head['version']}"
        fact = "WorkflowDefinitionPublished"
        yield _seed(what, "PublishWorkflowDefinition", fields, fact, "name", "version")


def seeds() -> Iterator[Seed]:
    """Give every seed in the order in which they must be published: what others refer to comes first."""
    yield from _principals()
    yield from _policies()
    yield from _editions()
    yield from _agents()
    yield from _workflows()


def known_facts(bootstrap: str, tenant_id: str) -> Known:
    """Give (fact type, identifying values …) of what a tenant's facts say was done, in every form seeds ask for."""
    found: set[tuple[str, ...]] = set()
    with EventConsumer(bootstrap=bootstrap, tenant_id=tenant_id).from_beginning() as events:
        for event in events.until_end():
            found.update(_identities(event.envelope.event_type, event.payload))
    return frozenset(found)


def _identities(event_type: str, payload: Any) -> Iterator[tuple[str, ...]]:
    yield (event_type,)
    for names in (("name",), ("name", "version"), ("principal_id",), ("principal_id", "role")):
        values = tuple(getattr(payload, name, None) for name in names)
        if all(isinstance(value, str) for value in values):
            yield (event_type, *map(str, values))


def publish_seeds(producer: CommandProducer, bootstrap: str, told: Callable[[str], None]) -> int:
    """Publish every seed that is not yet known; give how many were sent. Raises OperatorError on a refusal."""
    known = known_facts(bootstrap, SYSTEM)
    sent = 0
    for seed in seeds():
        if seed.done in known:
            continue
        told(seed.what)
        ask(producer, seed.command, SYSTEM)
        sent += 1
    return sent


def ask(producer: CommandProducer, command: EdgeModel, tenant_id: str, **envelope: Any) -> None:
    """Send a command that must be accepted. Raises OperatorError with the refusal's own words."""
    outcome = producer.ask(command, tenant_id, **envelope)
    if outcome.rejection is not None:
        refused = outcome.rejection
        raise OperatorError(
            f"{type(command).__name__} for {tenant_id} was refused, {refused.code}: {refused.rule} {refused.got}"
        )
    if outcome.dead_letter is not None:
        raise OperatorError(
            f"{type(command).__name__} for {tenant_id} became a dead letter: {outcome.dead_letter.rule}"
        )
