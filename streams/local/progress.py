"""What a person sees while a broker is being started: on stderr, so that stdout stays data."""

from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn


class Reporter(Protocol):
    """Receives what the launcher is doing."""

    def say(self, sentence: str) -> None:
        """Tell one step."""
        ...

    def fetched(self, done_bytes: int, total_bytes: int) -> None:
        """Tell how much of a download is there."""
        ...

    def fetch_ended(self) -> None:
        """Tell that a download is over, whole or not."""
        ...


class Silent:
    """Says nothing: for tests and for callers that print machine output."""

    def say(self, sentence: str) -> None:
        """Drop the step."""

    def fetched(self, done_bytes: int, total_bytes: int) -> None:
        """Drop the count."""

    def fetch_ended(self) -> None:
        """Drop the end."""


class OnStderr:
    """Prints each step as a line and a download as a bar, with rich, on stderr."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def say(self, sentence: str) -> None:
        """Print one step."""
        self._console.print(sentence, highlight=False)

    def fetched(self, done_bytes: int, total_bytes: int) -> None:
        """Draw the bar; the first call opens it."""
        if self._bar is None or self._task is None:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                console=self._console,
            )
            self._task = self._bar.add_task("Apache Kafka", total=total_bytes)
            self._bar.start()
        self._bar.update(self._task, completed=done_bytes)

    def fetch_ended(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None
