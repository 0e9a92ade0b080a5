"""A broker that was killed is preceded by its controller alone; what that one says decides."""

from pathlib import Path

import pytest

from streams.local import LocalError, old_session
from streams.local.old_session import end_old_session, is_left
from streams.local.ports import Ports
from streams.local.server import Files

PORTS = Ports(client=19092, controller=19093)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Give the files of a broker that was formatted and not stopped."""
    found = Files(tmp_path)
    found.data.mkdir()
    (found.data / "meta.properties").touch()
    return found


def _java(files: Files, script: str) -> Path:
    """Give a Java that is handed its properties as the last word and logs beside them."""
    java = files.directory / "java"
    java.write_text(f'#!/bin/bash\nfolder=$(dirname "${{@: -1}}")\n{script}\n')
    java.chmod(0o755)
    return java


def test_a_broker_that_was_stopped_or_never_ran_left_no_session(files: Files) -> None:
    assert is_left(files, PORTS)
    (files.data / ".kafka_cleanshutdown").touch()
    assert not is_left(files, PORTS)
    assert not is_left(Files(files.directory / "new"), PORTS)


def test_a_node_among_others_leaves_it_to_them(files: Files) -> None:
    files.extra.write_text("controller.quorum.bootstrap.servers=127.0.0.1:1,127.0.0.1:2\n")
    assert not is_left(files, PORTS)


def test_the_controller_goes_alone_until_it_says_that_the_session_is_over(files: Files) -> None:
    told: list[int] = []
    said = "x fenced=1\\nPerforming controller activation\\ny fenced=1\\n"
    java = _java(files, f'printf "{said}" > "$folder/broker.log"; exec sleep 60')
    end_old_session(java, [], files, PORTS, lambda pid, _: told.append(pid))
    given = (files.directory / "controller" / "server.properties").read_text().splitlines()
    assert "process.roles=controller" in given
    assert f"listeners=CONTROLLER://127.0.0.1:{PORTS.controller}" in given
    assert "broker.session.timeout.ms=100" in given
    assert not any(line.startswith(("advertised", "inter.broker")) for line in given)
    assert f"log.dirs={files.data}" in given
    assert not Path(f"/proc/{told[0]}").exists()


def test_an_old_session_in_the_controllers_own_log_is_not_the_one(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_session, "SECONDS_MAX", 0.5)
    java = _java(files, 'echo "fenced=1" > "$folder/broker.log"; exec sleep 60')
    with pytest.raises(LocalError, match="its controller does not come back"):
        end_old_session(java, [], files, PORTS, lambda *_: None)


def test_a_controller_that_ends_is_told_with_its_last_words(files: Files) -> None:
    java = _java(files, 'echo "t ERROR No space left on device" > "$folder/broker.log"')
    with pytest.raises(LocalError, match="No space left on device"):
        end_old_session(java, [], files, PORTS, lambda *_: None)


def test_a_session_that_is_over_already_is_not_waited_for(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_session, "FENCED_SECONDS_MAX", 0.1)
    java = _java(files, f'echo "{old_session.ACTIVE}" > "$folder/broker.log"; exec sleep 60')
    told: list[int] = []
    end_old_session(java, [], files, PORTS, lambda pid, _: told.append(pid))
    assert not Path(f"/proc/{told[0]}").exists()
