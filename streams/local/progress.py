"""What a person sees while a broker is being started: on stderr, so that stdout stays data."""

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn


class Reporter:
    """Tells what the launcher is doing: each step as a line, a download as a bar."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def say(self, sentence: str) -> None:
        """Tell one step."""
        self._console.print(sentence, highlight=False)

    def fetched(self, done_bytes: int, total_bytes: int) -> None:
        """Tell how much of a download is there; the first call opens the bar."""
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
        """Tell that a download is over, whole or not; the bar stays as it stands."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None


class OnStderr(Reporter):
    """Tells a person."""

    def __init__(self) -> None:
        super().__init__(Console(stderr=True))


class Silent(Reporter):
    """Tells nobody: for tests and for callers that print machine output."""

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))
