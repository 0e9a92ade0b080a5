import subprocess
import sys
from pathlib import Path

import pytest

from streams.local import LocalError, Silent
from streams.local.lock import only_starter

HOLD = """
import sys
from pathlib import Path
from streams.local import Silent
from streams.local.lock import only_starter
with only_starter(Path(sys.argv[1]), Silent()):
    print("held", flush=True)
    input()
"""


class _Said(Silent):
    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def test_a_second_starter_waits_says_so_and_gives_up_with_a_sentence(tmp_path: Path) -> None:
    said = _Said()
    with (
        only_starter(tmp_path, Silent()),
        pytest.raises(LocalError, match=r"end it .* and start again"),
        only_starter(tmp_path, said, wait_s=0.2),
    ):
        pytest.fail("two starters at once")
    assert said.sentences == ["Waiting for another process that is starting the same broker"]


def test_the_lock_is_free_after_its_holder(tmp_path: Path) -> None:
    for _ in range(2):
        with only_starter(tmp_path, Silent(), wait_s=0):
            assert (tmp_path / "start.lock").exists()


def test_a_holder_that_was_killed_does_not_keep_the_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        holder.wait()
    with only_starter(tmp_path, Silent(), wait_s=0):
        assert holder.returncode == -9


def test_a_folder_that_cannot_be_made_ends_as_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(LocalError, match="set FACTORY_LOCAL to a folder of yours"),
        only_starter(tmp_path / "file" / "kafka", Silent()),
    ):
        pytest.fail("no folder, no lock")
