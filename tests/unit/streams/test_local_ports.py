import json
import socket
from pathlib import Path

import pytest

from streams.local import ports
from streams.local.ports import LOOPBACK, Ports, choose_ports


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ports, "RELEASE_WAIT_S", 0.1)
    return tmp_path / "ports.json"


def test_two_different_free_ports_are_chosen_and_recorded(file: Path) -> None:
    chosen = choose_ports(file)
    assert chosen.client != chosen.controller
    record = json.loads(file.read_text())
    assert record == {"client": chosen.client, "controller": chosen.controller}
    for port in (chosen.client, chosen.controller):
        with socket.socket() as listener:
            listener.bind((LOOPBACK, port))


def test_the_ports_of_the_last_start_are_used_again(file: Path) -> None:
    assert choose_ports(file) == choose_ports(file)


def test_a_port_that_somebody_took_is_given_up(file: Path) -> None:
    before = choose_ports(file)
    with socket.socket() as other:
        other.bind((LOOPBACK, before.client))
        other.listen()
        after = choose_ports(file)
    assert after.client != before.client
    assert choose_ports(file) == after


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"client": 1}', '{"client": "a", "controller": 2}',
             '{"client": 99999, "controller": 2}'],
)  # fmt: skip
def test_a_damaged_record_is_replaced(file: Path, text: str) -> None:
    file.write_text(text)
    assert isinstance(choose_ports(file), Ports)
    assert set(json.loads(file.read_text())) == {"client", "controller"}
