"""Whatever a well-formed command says: it has one outcome, decided without a crash (a crash would be PROCESSOR_BUG)."""

import io
import json
import typing
from typing import Any

import fastavro
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import ROOT, catalogue
from schemas.codec import encode_payload
from tests.independent.reader import Registry
from tests.security.test_two_tenants_commands import ASSETS, COMMANDS, NAMED, REPORTS, Worlds, build
from tests.unit.workflow.world import MESH, OWNER

REGISTRY = Registry(ROOT)
JSON_TEXT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
).map(json.dumps)  # fmt: skip
ODD = st.sampled_from(
    ["", "{}", "[]", "null", "0", "{", "system", "acme", "*", "^1.0.0", "1.0.0", "\ud7ff", "a\x00b", "é" * 40,
     "http://x", "${ input }", "../..", "permit (principal, action, resource);", "1e999"]
)  # fmt: skip

BEFORE = {
    "PublishSkillVersion": ("RegisterSkill",),
    "PublishAgentVersion": ("RegisterAgent",),
    "PublishPolicy": ("DefinePolicy",),
    "RevokeRole": ("GrantRole",),
}


def values(name: str, hint: Any, known: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Give what a field may hold: what is known, what its rule lets through, its limits."""
    own = of_type(name, hint, known)
    return st.just(known[name]) | own if known.get(name) is not None else own


def of_type(name: str, hint: Any, known: dict[str, Any]) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return annotated(name, arguments[0], arguments[1], known)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is typing.Union or type(None) in arguments:
        inner = next(part for part in arguments if part is not type(None))
        return st.none() | of_type(name, inner, known)
    if origin is tuple:
        return st.lists(of_type(name, arguments[0], known), max_size=3)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return structs(hint, known)
    return plain(name, hint)


def plain(name: str, hint: Any) -> st.SearchStrategy[Any]:
    if hint is int:
        return st.sampled_from([0, 1, -1, 10**6, 2**62, -(2**62)]) | st.integers(-(2**62), 2**62)
    if hint is bool:
        return st.booleans()
    if hint is bytes:
        return st.binary(min_size=32, max_size=32)
    named = NAMED.get(name)
    text = ODD | JSON_TEXT | st.text(max_size=30)
    return st.just(named) | text if named else text


def annotated(
    name: str, hint: Any, meta: msgspec.Meta, known: dict[str, Any]
) -> st.SearchStrategy[Any]:
    if hint is int:
        low, high = meta.ge or 0, meta.le if meta.le is not None else 2**62
        return st.sampled_from([low, high]) | st.integers(int(low), int(high))
    if typing.get_origin(hint) is tuple:
        return of_type(name, hint, known)
    if meta.pattern:
        return st.from_regex(meta.pattern.replace("\\Z", "$"), fullmatch=True).map(str.strip)
    return plain(name, hint)


def structs(kind: type[msgspec.Struct], known: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = msgspec.structs.fields(kind)
    return st.fixed_dictionaries(
        {f.encode_name: values(f.name, f.type, known) for f in fields if f.required},
        optional={f.encode_name: values(f.name, f.type, known) for f in fields if not f.required},
    )


@pytest.mark.parametrize("name", COMMANDS)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)  # fmt: skip
@given(data=st.data())
def test_any_well_formed_command_is_decided(name: str, data: st.DataObject) -> None:
    worlds = Worlds()
    known = worlds.ids() | ({"name": ASSETS[name]} if name in ASSETS else {})
    worlds.a.actor = OWNER
    for before in BEFORE.get(name, ()):
        worlds.a.through_pipeline(build(before, known))
    kind = catalogue().by_name[name].type
    document = data.draw(structs(kind, known), label=name)
    try:
        command = msgspec.convert(document, kind)
    except msgspec.ValidationError:
        return  # refused before it is decided
    scenario = worlds.a
    scenario.actor = MESH if name in REPORTS else OWNER
    scenario.through_pipeline(command, actor_type="service" if name in REPORTS else "user")
    if scenario.rejection is not None and scenario.rejection.code == "FORBIDDEN":
        scenario.when(command)  # what only the platform may ask for, decided as if it had asked
    assert scenario.decision is not None
    assert scenario.rejection is not None or scenario.decision.recorded
    for message in (*scenario.facts, *scenario.sent):
        read_as_a_stranger(message)


def read_as_a_stranger(message: msgspec.Struct) -> None:
    """Decode what is written with nothing but the schema file and its logical types, as any Avro reader would."""
    schema_id, raw = encode_payload(message)
    source = io.BytesIO(raw)
    fastavro.schemaless_reader(source, REGISTRY.parsed[schema_id], None)
    assert source.tell() == len(raw)
