import re
from pathlib import Path

import pytest

from streams.local import LocalError
from streams.local.ports import Ports
from streams.local.server import (
    Files,
    format_storage,
    last_words,
    server_properties,
    spawn,
    write_settings,
)

PORTS = Ports(client=19092, controller=19093)


def _settings(directory: Path) -> dict[str, str]:
    lines = server_properties(Files(directory), PORTS).splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_the_broker_listens_on_loopback_only(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    listeners = settings["listeners"].split(",") + settings["advertised.listeners"].split(",")
    assert all(re.search(r"//127\.0\.0\.1:\d+$", listener) for listener in listeners)


def test_nothing_waits_for_a_second_broker(tmp_path: Path) -> None:
    factors = {
        name: value
        for name, value in _settings(tmp_path).items()
        if name.endswith(("replication.factor", "min.isr", "insync.replicas"))
    }
    assert len(factors) == 7
    assert set(factors.values()) == {"1"}


def test_topics_are_never_made_by_a_typing_error(tmp_path: Path) -> None:
    assert _settings(tmp_path)["auto.create.topics.enable"] == "false"


def test_what_stands_in_the_folders_own_settings_wins(tmp_path: Path) -> None:
    Files(tmp_path).extra.write_text("min.insync.replicas=2\nnode.id=3\n")
    settings = _settings(tmp_path)
    assert (settings["min.insync.replicas"], settings["node.id"]) == ("2", "3")


def test_a_folder_with_odd_characters_survives_the_settings_file(tmp_path: Path) -> None:
    files = Files(tmp_path / "a b\\c")
    files.directory.mkdir()
    write_settings(files, PORTS)
    assert "a b\\\\c/data" in files.properties.read_text()
    assert "a b\\\\c/broker.log" in files.logging.read_text()


def test_the_last_error_of_the_log_says_best_why_a_broker_ended(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert last_words(files) == "no message"
    files.output.write_text("Error occurred during initialization of VM\n")
    assert last_words(files) == "Error occurred during initialization of VM"
    files.log.write_text("t INFO up (x)\nt ERROR address in use (x)\nt INFO down (x)\n")
    assert last_words(files) == "t ERROR address in use (x)"


def test_a_java_that_cannot_be_started_ends_as_a_sentence(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with pytest.raises(LocalError, match="set FACTORY_JAVA to a"):
        spawn(tmp_path / "no-java", [], files)
    with pytest.raises(LocalError, match="set FACTORY_JAVA to a"):
        format_storage(tmp_path / "no-java", [], files)


def test_a_format_that_fails_tells_the_last_line(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho first >&2\necho no room >&2\nexit 3\n")
    java.chmod(0o755)
    with pytest.raises(LocalError, match=r"cannot be formatted \(no room\)"):
        format_storage(java, [], Files(tmp_path))
