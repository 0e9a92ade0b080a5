"""The commands of the project and the pins they install."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
TARGETS = {"help", "install", "run", "demo", "test", "check", "fault", "bench", "lock", "clean"}


def _make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run make as from a shell: the tests themselves may have been started by one."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, env=environ
    )


def _normal(requirement: str) -> str:
    """Give the name of a requirement as package indexes compare it."""
    name = re.split(r"[ <>=!~;\[]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_pinned() -> None:
    declared = {
        _normal(requirement)
        for requirement in (
            *PROJECT["project"]["dependencies"],
            *PROJECT["dependency-groups"]["dev"],
            *PROJECT["build-system"]["requires"],
        )
    }
    pinned = {_normal(line) for line in LOCK.splitlines() if re.match(r"[A-Za-z].*==", line)}
    assert declared <= pinned


def test_every_pin_has_a_hash_and_names_no_place() -> None:
    pins = re.findall(r"^[A-Za-z].*==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", LOCK, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[A-Za-z].*==", LOCK, re.MULTILINE))
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, re.MULTILINE)


def test_help_lists_every_target() -> None:
    answer = _make("help")
    assert answer.returncode == 0
    assert {line.split()[1] for line in answer.stdout.splitlines()} == TARGETS


def test_a_python_that_is_too_old_ends_as_a_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    answer = _make("install", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert answer.returncode != 0
    assert "is no Python 3.11 or newer" in answer.stderr


def test_ci_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec make test"
