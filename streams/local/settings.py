"""What a person may set about the local broker, read from the environment in this one place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from topics.settings import local_root

KAFKA_VERSION = "4.3.1"
MAVEN_URL = "https://repo.maven.apache.org/maven2"


@dataclass(frozen=True, slots=True)
class Settings:
    """The launcher's settings; `from_environment` names the variable behind each."""

    directory: Path
    """Folder of the broker: its data, log, ports and record."""
    jars: Path
    """Folder shared by all projects of this user that keeps Kafka's jars."""
    maven_url: str
    java: str | None
    bootstrap: str | None
    kind: str | None
    """`compose` or `kafka` to insist on one way of starting a broker; None tries both in order."""

    @classmethod
    def from_environment(
        cls, directory: Path | None = None, environ: Mapping[str, str] = os.environ
    ) -> "Settings":
        """Read the environment; an empty variable counts as not set.

        `FACTORY_LOCAL`, `FACTORY_CACHE`, `FACTORY_MAVEN_URL`, `FACTORY_JAVA`, `FACTORY_BROKER`
        and `KAFKA_BOOTSTRAP`, in the order of the fields.
        """
        cache = environ.get("FACTORY_CACHE")
        root = Path(cache).expanduser() if cache else Path.home() / ".cache/factory-control-plane"
        return cls(
            directory=(directory or local_root(environ) / "kafka").absolute(),
            jars=root.absolute() / f"kafka-{KAFKA_VERSION}",
            maven_url=(environ.get("FACTORY_MAVEN_URL") or MAVEN_URL).rstrip("/"),
            java=environ.get("FACTORY_JAVA") or None,
            bootstrap=environ.get("KAFKA_BOOTSTRAP") or None,
            kind=environ.get("FACTORY_BROKER") or None,
        )
