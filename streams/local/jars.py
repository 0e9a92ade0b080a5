"""Apache Kafka's jars: a committed list with sums, fetched once into a folder of the user's.

A file counts as there only if its SHA-256 is the listed one, at every start, so a damaged or
foreign file in the cache is fetched again and never runs.
"""

import asyncio
import hashlib
import os
import secrets
import ssl
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

import httpx

from streams.local.errors import LocalError
from streams.local.progress import Reporter

FETCHES_MAX = 8
"""Downloads at a time; more gained nothing for 44 MB."""
TIMEOUT_S = 30.0
"""Longest silence of the repository before a download counts as failed."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One artifact of the list."""

    sha256: str
    size_bytes: int
    coordinates: str

    @property
    def file_name(self) -> str:
        """`artifact-version.jar`, unique within the list."""
        _, artifact, version = self.coordinates.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def repository_path(self) -> str:
        """Path below the root of any Maven repository."""
        group, artifact, version = self.coordinates.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.file_name}"


def listed_jars() -> tuple[Jar, ...]:
    """Read the committed list `kafka-jars.txt`."""
    text = (files("streams.local") / "kafka-jars.txt").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(Jar(sha256, int(size), coordinates) for sha256, size, coordinates in rows)


def ensure_jars(
    directory: Path, maven_url: str, progress: Reporter, jars: Iterable[Jar] | None = None
) -> list[Path]:
    """Give the paths of all jars, fetching those that are missing or differ from their sum.

    Safe to run twice at a time: each file is written beside its place and moved there whole.
    Not from within an event loop. Raises `LocalError` if one cannot be had.
    """
    wanted = tuple(listed_jars() if jars is None else jars)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(FETCHES_MAX) as pool:
            sound = list(pool.map(lambda jar: _is_sound(directory / jar.file_name, jar), wanted))
    except OSError as error:
        raise LocalError(_no_room(directory, error)) from error
    missing = [jar for jar, is_sound in zip(wanted, sound, strict=True) if not is_sound]
    if missing:
        progress.say(f"Fetching Apache Kafka ({len(missing)} files) into {directory}")
        asyncio.run(_fetch_all(directory, maven_url, missing, progress))
    return [directory / jar.file_name for jar in wanted]


def _is_sound(path: Path, jar: Jar) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


async def _fetch_all(
    directory: Path, maven_url: str, jars: Sequence[Jar], progress: Reporter
) -> None:
    """Fetch side by side; the first failure, or a Ctrl-C, ends all at once."""
    count = _Count(sum(jar.size_bytes for jar in jars), progress)
    slots = asyncio.Semaphore(FETCHES_MAX)
    # The system's certificates, so that a company's own authority is honoured.
    context = ssl.create_default_context()

    async def fetch(client: httpx.AsyncClient, jar: Jar) -> None:
        async with slots:
            await _fetch(client, f"{maven_url}/{jar.repository_path}", directory, jar, count)

    try:
        async with (
            httpx.AsyncClient(verify=context, timeout=TIMEOUT_S, follow_redirects=True) as client,
            asyncio.TaskGroup() as group,
        ):
            for jar in jars:
                group.create_task(fetch(client, jar))
    except* LocalError as errors:
        # One sentence is enough: what stopped the first stopped the others.
        raise errors.exceptions[0] from None
    finally:
        progress.fetch_ended()


async def _fetch(
    client: httpx.AsyncClient, url: str, directory: Path, jar: Jar, count: "_Count"
) -> None:
    part = directory / f".{jar.file_name}.{os.getpid()}.{secrets.token_hex(4)}.part"
    try:
        with part.open("xb") as file:
            fetched_sha256 = await _copy(client, url, file, jar.size_bytes, count)
        if fetched_sha256 != jar.sha256:
            raise LocalError(
                f"{url} is not the file that kafka-jars.txt lists (its SHA-256 differs): "
                "set FACTORY_MAVEN_URL to a repository you trust and start again."
            )
        part.replace(directory / jar.file_name)
    except httpx.HTTPError as error:
        raise LocalError(
            f"Apache Kafka could not be fetched from {url} ({_reason(error)}): check the network, "
            "or set FACTORY_MAVEN_URL to a mirror, or KAFKA_BOOTSTRAP to a broker you have."
        ) from error
    except OSError as error:
        raise LocalError(_no_room(directory, error)) from error
    finally:
        part.unlink(missing_ok=True)


async def _copy(
    client: httpx.AsyncClient, url: str, file: BinaryIO, size_bytes: int, count: "_Count"
) -> str:
    """Write what the repository sends and give its SHA-256; stop once it is more than listed."""
    digest = hashlib.sha256()
    left_bytes = size_bytes
    async with client.stream("GET", url) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            digest.update(chunk)
            file.write(chunk)
            count.add(len(chunk))
            left_bytes -= len(chunk)
            if left_bytes < 0:
                break
    return digest.hexdigest()


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return str(error) or type(error).__name__


def _no_room(directory: Path, error: OSError) -> str:
    return (
        f"Apache Kafka cannot be kept in {directory} ({error.strerror}): "
        "free some space there, or set FACTORY_CACHE to another folder."
    )


class _Count:
    """Bytes fetched by all downloads together."""

    def __init__(self, total_bytes: int, progress: Reporter) -> None:
        self._total_bytes = total_bytes
        self._progress = progress
        self._done_bytes = 0

    def add(self, size_bytes: int) -> None:
        """Count a chunk and tell the reporter."""
        self._done_bytes += size_bytes
        self._progress.fetched(self._done_bytes, self._total_bytes)
