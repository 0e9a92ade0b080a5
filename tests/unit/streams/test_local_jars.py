import hashlib
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.local import LocalError, Silent
from streams.local.jars import Jar, ensure_jars, listed_jars

BODIES = {"one": b"1" * 1000, "two": b"2" * 70_000, "three": b""}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


class _Bytes(Silent):
    """Remembers what was told of a download."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, int]] = []
        self.ended = 0

    def fetched(self, done_bytes: int, total_bytes: int) -> None:
        self.told.append((done_bytes, total_bytes))

    def fetch_ended(self) -> None:
        self.ended += 1


def _jar(name: str) -> Jar:
    body = BODIES[name]
    return Jar(hashlib.sha256(body).hexdigest(), len(body), f"org.example:{name}:1.0")


JARS = [_jar(name) for name in BODIES]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for jar, body in zip(JARS, BODIES.values(), strict=True):
        path = root / jar.repository_path
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
    return root


@pytest.fixture
def url(repository: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(repository)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_the_list_names_each_file_once_with_its_sum() -> None:
    jars = listed_jars()
    assert len({jar.file_name for jar in jars}) == len(jars) == 46
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) and jar.size_bytes > 0 for jar in jars)
    assert "org.apache.kafka:kafka_2.13:4.3.1" in {jar.coordinates for jar in jars}
    # Without a logging back end the broker fails and says nothing.
    assert any(jar.file_name.startswith("log4j-slf4j-impl-") for jar in jars)


def test_all_files_are_fetched_and_the_bytes_are_told(url: str, cache: Path) -> None:
    progress = _Bytes()
    paths = ensure_jars(cache, url, progress, JARS)
    assert [path.read_bytes() for path in paths] == list(BODIES.values())
    assert sorted(cache.iterdir()) == sorted(paths)
    assert progress.told[-1] == (71_000, 71_000)
    assert progress.ended == 1


def test_what_is_there_is_not_fetched_again(url: str, cache: Path) -> None:
    ensure_jars(cache, url, Silent(), JARS)
    assert ensure_jars(cache, "http://127.0.0.1:1", Silent(), JARS)


def test_a_file_damaged_in_the_cache_is_fetched_again(url: str, cache: Path) -> None:
    damaged = ensure_jars(cache, url, Silent(), JARS)[1]
    damaged.write_bytes(BODIES["two"][:-1] + b"3")
    ensure_jars(cache, url, Silent(), JARS)
    assert damaged.read_bytes() == BODIES["two"]


@pytest.mark.parametrize("body", [b"1" * 999 + b"2", b"1" * 999, b"1" * 100_000])
def test_a_file_with_another_sum_is_refused_and_not_kept(
    url: str, cache: Path, repository: Path, body: bytes
) -> None:
    (repository / JARS[0].repository_path).write_bytes(body)
    with pytest.raises(LocalError, match=r"its SHA-256 differs.*FACTORY_MAVEN_URL"):
        ensure_jars(cache, url, Silent(), JARS)
    assert not (cache / JARS[0].file_name).exists()
    assert not list(cache.glob(".*"))


def test_a_file_that_the_repository_lacks_ends_as_a_sentence(
    url: str, cache: Path, repository: Path
) -> None:
    (repository / JARS[2].repository_path).unlink()
    with pytest.raises(LocalError, match=r"HTTP 404.*FACTORY_MAVEN_URL to a mirror"):
        ensure_jars(cache, url, Silent(), JARS)


def test_without_a_network_the_sentence_says_what_can_be_done(cache: Path) -> None:
    with pytest.raises(LocalError, match=r"check the network, or set FACTORY_MAVEN_URL") as told:
        ensure_jars(cache, "http://127.0.0.1:1", Silent(), JARS)
    assert "\n" not in str(told.value)


def test_a_failed_download_closes_the_bar(url: str, cache: Path, repository: Path) -> None:
    (repository / JARS[0].repository_path).write_bytes(b"x")
    progress = _Bytes()
    with pytest.raises(LocalError):
        ensure_jars(cache, url, progress, JARS)
    assert progress.ended == 1
    assert all(done < total for done, total in progress.told)


def test_a_cache_that_cannot_be_written_ends_as_a_sentence(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LocalError, match="set FACTORY_CACHE to another folder"):
        ensure_jars(tmp_path / "file" / "cache", url, Silent(), JARS)


def test_a_full_disk_ends_as_a_sentence(url: str, cache: Path) -> None:
    class Full(Silent):
        def fetched(self, done_bytes: int, total_bytes: int) -> None:
            if done_bytes < total_bytes:
                raise OSError(28, "No space left on device")

    with pytest.raises(LocalError, match=r"No space left on device.*free some space"):
        ensure_jars(cache, url, Full(), JARS)
    assert not list(cache.glob(".*"))
