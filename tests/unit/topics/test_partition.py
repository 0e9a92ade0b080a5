import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.model import PARTITIONS
from topics.partition import murmur2, partition_of


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        # Vectors of UtilsTest.testMurmur2 of the Apache Kafka client.
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_the_hash_is_the_one_of_the_java_client(text: str, signed: int) -> None:
    assert murmur2(text.encode()) == signed % 2**32


@given(st.text(max_size=80), st.integers(1, 64))
def test_every_tenant_has_one_partition_that_exists(tenant: str, partitions: int) -> None:
    first = partition_of(tenant, partitions)
    assert 0 <= first < partitions
    assert partition_of(tenant, partitions) == first


def test_tenants_spread_over_all_partitions() -> None:
    counts = [0] * PARTITIONS
    for number in range(8_000):
        counts[partition_of(f"tenant-{number}")] += 1
    # 1,000 each expected; five standard deviations are 150.
    assert all(850 < count < 1_150 for count in counts), counts
