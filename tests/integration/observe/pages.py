"""Reading a worker's pages."""

import json
import re
import urllib.error
import urllib.request
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.streams.factory import Worker


class Said(NamedTuple):
    """What a page answered; status 0 while nothing answers."""

    status: int
    text: str

    @property
    def reason(self) -> str:
        """The reason of a verdict."""
        return str(json.loads(self.text)["reason"])


def ask(url: str) -> Said:
    """Give what a page answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own page
            return Said(answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Said(error.code, error.read().decode())
    except OSError:
        return Said(0, "")


def address(worker: Worker) -> str:
    """Give where a worker's pages are; empty while it starts."""
    found = re.search(r"status at (http://\S+)/", worker.log.read_text())
    return found[1] if found is not None else ""


def asked(worker: Worker, page: str) -> Said:
    """Give what a page of a worker answers."""
    base = address(worker)
    return ask(f"{base}/{page}") if base else Said(0, "")


def metric(text: str, name: str, **labels: str) -> float:
    """Give the sum of a metric's samples with these labels."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
