"""Models at the edge: what users of the client library write and read, and their way to the wire and back.

The generated classes under ``schemas/edge`` are pydantic models of the same schemas as the records under
``schemas/messages``: instants are aware ``datetime``, money is ``Decimal``, unknown fields are refused.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from schemas.catalogue import catalogue

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
