import json
from pathlib import Path

import pytest

from topics.settings import (
    BROKER_RECORD,
    BrokerUnknownError,
    bootstrap_servers,
    client_options,
    local_root,
    producer_options,
    recorded_bootstrap,
)


def test_the_broker_that_is_named_wins_over_the_recorded_one(tmp_path: Path) -> None:
    _record(tmp_path, {"bootstrap": "127.0.0.1:1"})
    environ = {"FACTORY_LOCAL": str(tmp_path), "KAFKA_BOOTSTRAP": "broker:9092"}
    assert bootstrap_servers(environ) == "broker:9092"


def test_the_recorded_broker_is_found(tmp_path: Path) -> None:
    _record(tmp_path, {"bootstrap": "127.0.0.1:1"})
    assert bootstrap_servers({"FACTORY_LOCAL": str(tmp_path)}) == "127.0.0.1:1"


def test_without_a_broker_the_sentence_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnknownError, match="factory kafka start"):
        bootstrap_servers({"FACTORY_LOCAL": str(tmp_path), "KAFKA_BOOTSTRAP": ""})


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"bootstrap": 1}'])
def test_a_damaged_record_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / BROKER_RECORD).write_text(text)
    assert recorded_bootstrap(tmp_path) is None


def test_everything_local_lies_in_the_source_tree_unless_told_otherwise() -> None:
    tree = Path(__file__).resolve().parents[3]
    assert local_root({}) == tree / ".local"
    assert local_root({"FACTORY_LOCAL": "/somewhere"}) == Path("/somewhere")


def test_every_client_places_records_as_java_does_and_comes_back_fast() -> None:
    options = producer_options("b:1")
    assert options["partitioner"] == "murmur2_random"
    assert options["retry.backoff.ms"] == 1
    assert options["reconnect.backoff.max.ms"] == 500
    assert "partitioner" not in client_options("b:1")


def _record(root: Path, record: dict[str, object]) -> None:
    (root / "kafka").mkdir()
    (root / "kafka" / BROKER_RECORD).write_text(json.dumps(record))
