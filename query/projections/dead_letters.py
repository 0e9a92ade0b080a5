"""Dead letters: records that nobody could decide on, and records that the projector itself could not read.

Not a tenant's: their tenant is unknown or not to be believed, so operators alone see them. One row a source record;
a letter read twice replaces itself.
"""

import base64
import json
from collections.abc import Sequence
from typing import Final

from query.projections.model import Row
from query.record import Position
from schemas.messages.runtime.messages import DeadLetter

VERSION: Final = 1

TABLE: Final = "dead_letters"


def row(letter: DeadLetter, position: Position | None) -> Row:
    """Give the row of a letter; ``position`` is where the letter lies, None for one of the projector's own."""
    return (
        letter.source_topic,
        letter.source_partition,
        letter.source_offset,
        letter.stage,
        letter.code,
        letter.rule,
        letter.field,
        letter.appended_at,
        letter.attempts,
        letter.key,
        letter.value,
        header_text([(header.name, header.value) for header in letter.headers]),
        *(position or (None, None, None)),
    )


def header_text(headers: Sequence[tuple[str, bytes | None]]) -> str:
    """Give headers as JSON text: name and value, as UTF-8 text where it is such, else ``base64:…``."""
    return json.dumps([{"name": name, "value": readable(value)} for name, value in headers])


def readable(raw: bytes | None) -> str | None:
    """Give bytes for a person: UTF-8 text where every character prints, else base64 with that said."""
    if raw is None:
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    return text if text.isprintable() else "base64:" + base64.b64encode(raw).decode("ascii")
