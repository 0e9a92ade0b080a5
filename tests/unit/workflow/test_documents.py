"""JSON documents: canonical, bounded in length and depth."""

import pytest

from processors.workflow.documents import encode
from processors.workflow.fault import StepFaultError
from processors.workflow.limits import DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX


def nested(depth: int) -> object:
    value: object = 1
    for turn in range(depth):
        value = [value] if turn % 2 else {"a": value}
    return value


def test_text_is_canonical() -> None:
    assert encode({"b": 1, "a": [None, "é"]}) == '{"a":[null,"é"],"b":1}'


def test_a_document_may_be_as_long_and_as_deep_as_the_bounds() -> None:
    assert len(encode("x" * (DOCUMENT_BYTES_MAX - 2))) == DOCUMENT_BYTES_MAX
    assert encode(nested(DOCUMENT_DEPTH_MAX)).count("1") == 1
    assert encode([[]] * 100).startswith("[[]")


@pytest.mark.parametrize("value", ["x" * (DOCUMENT_BYTES_MAX - 1), nested(DOCUMENT_DEPTH_MAX + 1)])
def test_beyond_a_bound_it_fails_the_instance(value: object) -> None:
    with pytest.raises(StepFaultError) as refused:
        encode(value)
    assert (refused.value.fault.failure_class, refused.value.fault.fatal) == (
        "LIMIT_EXCEEDED",
        True,
    )
