from pathlib import Path

import pytest

from streams.local import LocalError
from streams.local.java import find_java


def _java(tmp_path: Path, says: str) -> str:
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    return str(program)


def test_without_a_name_it_is_the_java_of_the_wheel() -> None:
    assert find_java(None).is_file()


@pytest.mark.parametrize("version", ["17.0.15", "25", "26-ea"])
def test_a_named_java_may_be_17_or_newer(tmp_path: Path, version: str) -> None:
    named = _java(tmp_path, f'openjdk version "{version}" 2026-01-01')
    assert find_java(named) == Path(named)


@pytest.mark.parametrize("version", ["1.8.0_392", "11.0.2", "16"])
def test_an_older_java_is_refused(tmp_path: Path, version: str) -> None:
    named = _java(tmp_path, f'java version "{version}"')
    with pytest.raises(LocalError, match=r"is Java [0-9]+: name a Java 17 or newer"):
        find_java(named)


def test_a_program_that_is_no_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="is no Java: name a Java 17 or newer"):
        find_java(_java(tmp_path, "hello"))


def test_a_name_that_is_no_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="which is no program"):
        find_java(str(tmp_path / "java"))
