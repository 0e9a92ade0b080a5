"""The partition of a tenant: murmur2, the same in Java, librdkafka and here.

Whoever produces a record must reach the same partition, or a tenant's facts would be decided in two
places. librdkafka needs `partitioner=murmur2_random` for it (`topics.settings`).
"""

from functools import lru_cache
from typing import Final

from topics.model import PARTITIONS

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """Give the 32-bit hash of the bytes, unsigned.

    Source: `Utils.murmur2` of the Apache Kafka client, whose int is signed.
    """
    length = len(data)
    hashed = _SEED ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        hashed = hashed * _MULTIPLIER & _MASK ^ word
    if length > whole:
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    hashed = (hashed ^ hashed >> 13) * _MULTIPLIER & _MASK
    return hashed ^ hashed >> 15


@lru_cache(maxsize=65_536)
def partition_of(tenant_id: str, partitions: int = PARTITIONS) -> int:
    """Give the partition that owns the tenant; the key of its records is its id in UTF-8."""
    return (murmur2(tenant_id.encode("utf-8")) & 0x7FFFFFFF) % partitions
