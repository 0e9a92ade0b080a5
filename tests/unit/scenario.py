"""Given facts, when a command, then facts or a refusal: the form of every decider's test (style.md §2.3)."""

import hashlib
import hmac
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from processors import pipeline, registry
from processors.contract import ActorType, Cause, Meta, Rejection, Scope
from processors.decision import Decision
from processors.tables import Overlay, Store, TenantTables
from schemas.catalogue import catalogue
from schemas.codec import encode_payload
from schemas.ids import SYSTEM, EventId, PrincipalId, TenantId

START = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds: where a scenario's time begins."""

FactType = TypeVar("FactType", bound=Struct)


class TestKeys:
    """Lease keys of tests: the real algorithm under a fixed secret."""

    __test__ = False

    def token(self, tenant_id: TenantId, task_id: str, attempt: int) -> str:
        return hmac.new(
            b"test", f"{tenant_id}|{task_id}|{attempt}".encode(), hashlib.sha256
        ).hexdigest()

    def token_hash(self, token: str) -> bytes:
        return hashlib.sha256(token.encode()).digest()

    def is_token(self, token: str, tenant_id: TenantId, task_id: str, attempt: int) -> bool:
        return token == self.token(tenant_id, task_id, attempt)


class Scenario:
    """One tenant's state and the decision made last."""

    def __init__(
        self,
        tenant: str = "acme",
        actor: str = "user:olga",
        actor_type: ActorType = "user",
        at: int = START,
        genesis: str | None = None,
    ) -> None:
        self.tenant_id = TenantId(tenant)
        self.actor = PrincipalId(actor)
        self.actor_type: ActorType = actor_type
        self.at = at
        self.genesis = PrincipalId(genesis) if genesis else None
        self.overlay = Overlay(Store())
        self.tables = TenantTables(self.overlay, self.tenant_id)
        self.system = TenantTables(self.overlay, SYSTEM)
        self.decision: Decision | None = None
        self.rejection: Rejection | None = None
        self.history: list[tuple[Struct, Meta]] = []
        self.sequence = 0
        self._numbers = count(1)

    # -- given ---------------------------------------------------------------------------------------
    def given(self, *facts: Struct) -> "Scenario":
        """Evolve the tenant's tables by facts of its past."""
        for fact in facts:
            self._past(self.tables, fact)
        return self

    def given_system(self, *facts: Struct) -> "Scenario":
        """Evolve the catalogue (tenant system) by facts of its past."""
        for fact in facts:
            self._past(self.system, fact)
        return self

    def _past(self, tables: TenantTables, fact: Struct) -> None:
        schema = catalogue().by_type[type(fact)]
        assert schema.aggregate is not None, f"{schema.name} has no aggregate"
        number = next(self._numbers)
        self.sequence += 1
        meta = Meta(
            event_id=EventId(f"evt-{UUID(int=number)}"),
            event_type=schema.name,
            at=self.at,
            aggregate_id="",
            aggregate_version=1,
            actor_type=self.actor_type,
            actor_id=self.actor,
            causation_id=f"cmd-{UUID(int=number)}",
            scope=Scope("0" * 32, "corr-test"),
            sequence=self.sequence,
        )
        registry.apply(tables, fact, meta)

    # -- when ----------------------------------------------------------------------------------------
    def when(self, command: Struct, **cause: Any) -> "Scenario":
        """Run the context's decider on the command, without admission and authorisation."""
        self._begin(command, cause)
        assert self.decision is not None
        self.rejection = registry.commands()[type(command)].decide(command, self.decision)
        return self._done()

    def through_pipeline(self, command: Struct, **cause: Any) -> "Scenario":
        """Run the whole pipeline: admission, authorisation, decider, reactions."""
        self._begin(command, cause)
        assert self.decision is not None
        self.rejection = pipeline.decide(self.decision, command)
        return self._done()

    def when_timer(
        self, kind: type[Struct], record_id: str, *, at: int | None = None
    ) -> "Scenario":
        """Move time to the record's deadline (or ``at``) and fire it, with reactions."""
        record = self.tables.get(kind, record_id)
        assert record is not None, f"no {kind.__name__} {record_id}"
        deadline = pipeline.deadline_of(record)
        assert deadline is not None, f"{kind.__name__} {record_id} waits for nothing"
        self.at = max(self.at, deadline if at is None else at)
        self._begin(record, {"actor_type": "system", "actor_id": "factory"})
        assert self.decision is not None
        self.rejection = None
        pipeline.fire(self.decision, kind.__name__, record_id, deadline)
        return self._done()

    def decide(self) -> Decision:
        """Give a fresh decision, to call a context's published function on."""
        number = next(self._numbers)
        self.decision = self._decision(b"", {"message_type": "Test"}, number)
        return self.decision

    def _begin(self, command: Struct, cause: dict[str, Any]) -> None:
        number = next(self._numbers)
        _, payload = encode_payload(command)
        cause.setdefault("message_type", type(command).__name__)
        self.decision = self._decision(payload, cause, number)

    def _decision(self, payload: bytes, cause: dict[str, Any], number: int) -> Decision:
        message_type = cause["message_type"]
        digest = hashlib.sha256(message_type.encode() + b"|" + payload).digest()
        values: dict[str, Any] = {
            "message_id": f"cmd-{UUID(int=number)}",
            "topic": "cp.commands.v1",
            "partition": 0,
            "offset": number,
            "tenant_id": self.tenant_id,
            "actor_type": self.actor_type,
            "actor_id": self.actor,
            "at": self.at,
            "digest": digest,
            "scope": Scope("0" * 32, "corr-test"),
        }
        values.update(cause)
        return Decision(
            Cause(**values),
            self.overlay,
            TestKeys(),
            registry.apply,
            first_sequence=self.sequence + 1,
            genesis=self.genesis,
        )

    def _done(self) -> "Scenario":
        assert self.decision is not None
        self.sequence += len(self.decision.recorded)
        self.history += [(r.fact, r.meta) for r in self.decision.recorded]
        return self

    # -- then ----------------------------------------------------------------------------------------
    @property
    def facts(self) -> list[Struct]:
        """The facts of the last decision, in order."""
        assert self.decision is not None
        return [r.fact for r in self.decision.recorded]

    @property
    def sent(self) -> list[Struct]:
        """The messages of the last decision, in order."""
        assert self.decision is not None
        return [o.message for o in self.decision.sent]

    def fact(self, kind: type[FactType]) -> FactType:
        """Give the one fact of a type among those of the last decision."""
        found = [f for f in self.facts if isinstance(f, kind)]
        assert len(found) == 1, f"{len(found)} facts of {kind.__name__} in {self.facts}"
        return found[0]

    def then(self, *expected: Struct | type[Struct]) -> "Scenario":
        """Assert that the last decision was not refused and gave exactly these facts (values, or types)."""
        assert self.rejection is None, self.rejection
        return self.recorded(*expected)

    def recorded(self, *expected: Struct | type[Struct]) -> "Scenario":
        """Assert the facts of the last decision, refused or not."""
        got = [
            type(fact) if isinstance(want, type) else fact
            for fact, want in zip(self.facts, expected, strict=False)
        ]
        assert got == list(expected), self.facts
        assert len(self.facts) == len(expected), self.facts
        return self

    def refused(self, code: str, field: str | None = None) -> "Scenario":
        """Assert that the last decision was refused with the code (and field)."""
        assert self.rejection is not None, self.facts
        assert self.rejection.code == code, self.rejection
        if field is not None:
            assert self.rejection.field == field, self.rejection
        return self
