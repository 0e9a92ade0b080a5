"""Avro's ``int`` and ``long`` as bytes: zigzag, seven bits a byte, lowest first (Avro specification, binary encoding).

For the few places that put a record together or look into one without reading all of it.
"""

from typing import Final

_MORE: Final = 0x80
"""Bit of a byte that says that another one follows."""


def avro_count(number: int) -> bytes:
    """Give the bytes of a number that is not negative."""
    rest, out = number << 1, bytearray()
    while rest >= _MORE:
        out.append(rest & (_MORE - 1) | _MORE)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def number_at(raw: bytes, at: int) -> tuple[int, int]:
    """Give the number that begins at a place, and the place behind it. Raises IndexError where the bytes end first."""
    byte = raw[at]
    at += 1
    folded = byte & (_MORE - 1)
    bits = 7
    while byte & _MORE:
        byte = raw[at]
        at += 1
        folded |= (byte & (_MORE - 1)) << bits
        bits += 7
    return folded >> 1 ^ -(folded & 1), at
