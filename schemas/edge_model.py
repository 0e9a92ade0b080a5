"""Models at the edge: what users of the client library write and read, and their way to the wire and back.

The generated classes under ``schemas/edge`` are pydantic models of the same schemas as the records under
``schemas/messages``: instants are aware ``datetime``, money is ``Decimal``, unknown fields are refused.
"""

import importlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, cast

import msgspec
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from schemas.catalogue import catalogue, visit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


class EdgeModel(BaseModel):
    """Base of the generated models: frozen, snake_case in Python, camelCase on the wire."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


def micros(instant: datetime) -> int:
    """Give microseconds since 1970-01-01 UTC of an aware instant, exactly."""
    return (instant - _EPOCH) // _MICRO


def instant(micros_utc: int) -> datetime:
    """Give the aware UTC instant of microseconds since 1970-01-01 UTC."""
    return _EPOCH + timedelta(microseconds=micros_utc)


def _physical(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _physical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_physical(item) for item in value]
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, Decimal):
        return int(value.scaleb(6))
    return value


def to_record(model: EdgeModel) -> Struct:
    """Give the typed record of an edge model: what the codec writes."""
    entry = catalogue().by_name[type(model).__name__]
    return msgspec.convert(_physical(model.model_dump(by_alias=True)), entry.type)


def model_of(name: str) -> type[EdgeModel]:
    """Give the edge model of a command or fact; raise KeyError for a name that is neither."""
    entry = catalogue().by_name[name]
    if entry.kind not in ("command", "fact"):
        raise KeyError(name)
    module = importlib.import_module(f"schemas.edge.{entry.context}.{entry.kind}s")
    return cast("type[EdgeModel]", getattr(module, name))


def from_record(record: Struct) -> EdgeModel:
    """Give the edge model of a typed command or fact: what a consumer's program or a page shows."""
    entry = catalogue().by_type[type(record)]
    plain = msgspec.to_builtins(record, builtin_types=(bytes,))
    for path in entry.money:
        visit(plain, path, lambda amount: Decimal(amount).scaleb(-6))
    for path in entry.instants:
        visit(plain, path, instant)
    return model_of(entry.name).model_validate(plain)


def document_of(record: Struct) -> dict[str, Any]:
    """Give a typed record as JSON values, wire names: bytes in hex, money as text, instants in ISO 8601."""
    entry = catalogue().by_type[type(record)]
    plain = msgspec.to_builtins(record, builtin_types=(bytes,))
    for path in entry.money:
        visit(plain, path, lambda amount: str(Decimal(amount).scaleb(-6)))
    for path in entry.instants:
        visit(plain, path, lambda at: instant(at).isoformat())
    return cast("dict[str, Any]", _hex(plain))


def _hex(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _hex(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hex(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value
