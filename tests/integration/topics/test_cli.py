"""`factory topics` against a broker."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from topics.catalogue import TOPICS
from topics.cli import app
from topics.provision import admin_client, provision

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def _provisioned(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka)
    provision(admin_client(kafka), TOPICS)


@pytest.mark.parametrize("command", ["check", "provision"])
def test_a_sound_broker_ends_with_0(command: str) -> None:
    answer = CliRunner().invoke(app, [command, "--json"])
    assert answer.exit_code == 0
    report = json.loads(answer.stdout)
    assert report["sound"]
    assert len(report["present"]) == len(TOPICS)
    assert (report["created"], report["missing"], report["drift"]) == ([], [], [])


def test_a_missing_or_different_topic_ends_with_1_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    different = replace(TOPICS[0], retention_ms=1234)
    missing = replace(TOPICS[0], name="cp.missing.v1")
    grown = replace(TOPICS[1], partitions=16)
    monkeypatch.setattr("topics.cli.TOPICS", (different, missing, grown))

    answer = CliRunner().invoke(app, ["check"])

    assert answer.exit_code == 1
    assert "Missing: cp.missing.v1. Run `factory topics provision`." in answer.stdout
    assert "1234" in answer.stdout
    assert "--repair" in answer.stdout
    assert "A partition count is never changed" in answer.stdout
