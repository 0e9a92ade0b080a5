"""A context of one aggregate, so that the runtime is tested without the deciders of the factory.

A jar holds marbles. AddMarbles adds some (and may set when the jar spills), SpillJar is what its deadline does.
Its schemas are put into the catalogue of the test's processes only.
"""

import threading
from functools import cache
from typing import Any

from fastavro import parse_schema
from msgspec import Struct

from processors.contract import Meta, ReadTables, Rejection, Tables
from processors.decision import Decision
from schemas.catalogue import Entry, catalogue
from schemas.ids import SYSTEM, TenantId
from streams.wiring import Rules
from topics import naming
from topics.catalogue import admits as catalogue_admits

BUG = 13
"""A count that makes the decider raise."""
SILENT = 0
"""A count that is decided without a record."""
KILL = 31
"""A count that ends the process, as a defect in a C library would."""
HANG = 37
"""A count that never returns, as a defect in a library would."""
HUGE = 17
"""A count that makes the fact larger than a record may be."""


class AddMarbles(Struct, frozen=True, kw_only=True, rename="camel"):
    """Puts marbles into a jar."""

    jar_id: str
    count: int
    spills_at: int | None = None


class MarblesAdded(Struct, frozen=True, kw_only=True, rename="camel"):
    """Marbles were put into a jar."""

    jar_id: str
    count: int
    total: int
    spills_at: int | None = None
    note: str = ""


class JarSpilled(Struct, frozen=True, kw_only=True, rename="camel"):
    """A jar was emptied by its deadline."""

    jar_id: str
    lost: int
    deadline: int


class Jar(Struct, frozen=True, kw_only=True, rename="camel"):
    """A jar."""

    total: int
    spills_at: int | None = None


class Note(Struct, frozen=True, kw_only=True, rename="camel"):
    """A text of any size."""

    text: str


class MarbleRulePublished(Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact of the platform that every partition needs: here, the largest number of marbles of a command."""

    rule_id: str
    most: int


class PublishMarbleRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """Publishes a rule of the platform."""

    rule_id: str
    most: int


class MarbleRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule of the platform."""

    most: int


_AVRO: dict[type[Struct], tuple[str, tuple[str, str] | None, list[tuple[str, Any]]]] = {
    AddMarbles: (
        "command",
        None,
        [("jarId", "string"), ("count", "long"), ("spillsAt", ["null", "long"])],
    ),
    MarblesAdded: (
        "fact",
        ("Jar", "jarId"),
        [
            ("jarId", "string"),
            ("count", "long"),
            ("total", "long"),
            ("spillsAt", ["null", "long"]),
            ("note", "string"),
        ],
    ),
    JarSpilled: (
        "fact",
        ("Jar", "jarId"),
        [("jarId", "string"), ("lost", "long"), ("deadline", "long")],
    ),
    Jar: ("state", None, [("total", "long"), ("spillsAt", ["null", "long"])]),
    PublishMarbleRule: ("command", None, [("ruleId", "string"), ("most", "long")]),
    MarbleRulePublished: (
        "fact",
        ("MarbleRule", "ruleId"),
        [("ruleId", "string"), ("most", "long")],
    ),
    MarbleRule: ("state", None, [("most", "long")]),
    Note: ("state", None, [("text", "string")]),
}


@cache
def register() -> None:
    """Put the toy's schemas into this process's catalogue."""
    known = catalogue()
    for number, (kind, (message_kind, aggregate, fields)) in enumerate(_AVRO.items(), 900_001):
        schema = {
            "type": "record",
            "name": f"toy.{kind.__name__}",
            "fields": [{"name": name, "type": avro} for name, avro in fields],
        }
        entry = Entry(
            id=number,
            context="projects",
            name=kind.__name__,
            version=1,
            kind=message_kind,
            type=kind,
            physical=parse_schema(schema),
            aggregate=aggregate,
            money=(),
            instants=(),
        )
        known.by_id[number] = entry
        known.by_type[kind] = entry
        known.by_name[kind.__name__] = entry


def admits(topic: str, message_type: str) -> bool:
    """Admit the toy's commands by cp.commands, and by others what the catalogue says."""
    if topic == naming.COMMANDS:
        return message_type in {"AddMarbles", "PublishMarbleRule"}
    if topic == naming.CATALOGUE:
        return message_type == "MarbleRulePublished"
    return catalogue_admits(topic, message_type)


def rules() -> Rules:
    """Give the toy's rules."""
    register()
    return Rules(
        decide=decide,
        fire=fire,
        apply=apply,
        deadline_of=lambda record: record.spills_at if isinstance(record, Jar) else None,
        admits_tenant=admits_tenant,
    )


def admits_tenant(_tables: ReadTables, tenant_id: TenantId, _kind: type[Struct]) -> bool:
    """Know every tenant but ghosts."""
    return not tenant_id.startswith("ghost")


def decide(decision: Decision, command: Struct) -> Rejection | None:
    """Decide a command of the toy."""
    if isinstance(command, PublishMarbleRule):
        decision.record(MarbleRulePublished(rule_id=command.rule_id, most=command.most))
        return None
    assert isinstance(command, AddMarbles)
    jar = decision.tables.get(Jar, command.jar_id) or Jar(total=0)
    if command.count == KILL:
        import os  # noqa: PLC0415

        os.kill(os.getpid(), 9)
    if command.count == HANG:
        threading.Event().wait()
    if command.count == SILENT:
        return None
    rule = decision.system.get(MarbleRule, "most")
    if command.count < 0 or (rule is not None and command.count > rule.most):
        return Rejection("INVALID_STATE", "a jar takes only so many marbles", field="count")
    decision.record(
        MarblesAdded(
            jar_id=command.jar_id,
            count=command.count,
            total=jar.total + command.count,
            spills_at=command.spills_at,
            note="x" * 2_000_000 if command.count == HUGE else "",
        )
    )
    if command.count == BUG:
        raise ZeroDivisionError("thirteen")
    return None


def fire(decision: Decision, timer_kind: str, record_id: str, deadline: int) -> None:
    """Spill a jar whose deadline has passed."""
    assert timer_kind == "Jar"
    jar = decision.tables.get(Jar, record_id)
    if jar is not None and jar.spills_at == deadline:
        decision.record(
            JarSpilled(jar_id=record_id, lost=jar.total, deadline=deadline), by_engine=True
        )


def apply(tables: Tables, fact: Struct, _meta: Meta) -> None:
    """Evolve the tables."""
    if isinstance(fact, MarblesAdded):
        tables.put(fact.jar_id, Jar(total=fact.total, spills_at=fact.spills_at))
    elif isinstance(fact, JarSpilled):
        tables.put(fact.jar_id, Jar(total=0))
    elif isinstance(fact, MarbleRulePublished):
        tables.put(fact.rule_id, MarbleRule(most=fact.most))


__all__ = ["SYSTEM", "AddMarbles", "register", "rules"]
