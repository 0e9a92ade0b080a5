"""Records of another release, told to a person: what lies where under a schema that this release does not have.

A record that nobody here can read is neither guessed nor dropped where state is made from it: the worker refuses.
"""

from schemas.catalogue import catalogue
from schemas.errors import PayloadInvalidError, PoisonError, UnknownSchemaError
from schemas.messages.runtime.state import InputPositions
from schemas.output import OperatorError
from streams.state_key import POSITIONS_KEY, parse_state_key
from topics import naming

_MEND = "start the release that wrote it, or a newer one"


def unknown_record(where: str, error: UnknownSchemaError) -> OperatorError:
    """Give the refusal of a record under a schema that the registry lock lacks; ``where`` names its place."""
    return OperatorError(
        f"The registry lock of this release lacks a schema of {where} ({error.rule}): {_MEND}."
    )


def unknown_state(partition: int, raw_key: bytes, error: UnknownSchemaError) -> OperatorError:
    """Give the refusal of a state record; of a kind that this release knows it is a version that it does not know."""
    kind, where = _kind(raw_key), _place(partition)
    known = catalogue().by_name.get(kind)
    if known is None:
        return unknown_record(f"a record of kind {kind} in {where}", error)
    return OperatorError(
        f"A record of kind {kind} in {where} is of a newer version than v{known.version}, the newest that this release "
        f"knows ({error.rule}): {_MEND}."
    )


def other_state(
    partition: int, raw_key: bytes, error: PoisonError | PayloadInvalidError
) -> OperatorError:
    """Give the refusal of a state record that does not decode: under its id the writer had another schema."""
    if isinstance(error, UnknownSchemaError):
        return unknown_state(partition, raw_key, error)
    return OperatorError(
        f"A record of kind {_kind(raw_key)} in {_place(partition)} does not decode under the schema that this "
        f"release has for it ({error.rule}): start the release that wrote it, or begin with another broker folder."
    )


def _kind(raw_key: bytes) -> str:
    if raw_key == POSITIONS_KEY:
        return InputPositions.__name__
    try:
        return parse_state_key(raw_key).kind
    except ValueError:
        return "unknown"


def _place(partition: int) -> str:
    return f"{naming.STATE}, partition {partition}"
