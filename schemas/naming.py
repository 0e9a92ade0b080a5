"""Names on the wire and in Python: camelCase there, snake_case here, converted in this one place."""

import keyword
import re
from functools import cache


@cache
def snake(name: str) -> str:
    """Give the Python name of a wire name (camelCase to snake_case)."""
    text = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return text + "_" if keyword.iskeyword(text) else text
