"""The factory's seed assets: data under ``definitions/`` that is sent as commands, each once.

A second run finds the versions published and sends nothing for them: the first outcome of such a command is
ALREADY_EXISTS, which is what this module takes as done.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from schemas.edge_model import EdgeModel, model_of
from schemas.ids import SYSTEM
from schemas.output import OperatorError
from topics.outcome import Outcome
from topics.producer import CommandProducer

DEFINITIONS: Final = Path(__file__).resolve().parents[2] / "definitions"


class Seed(NamedTuple):
    """One command that publishes an asset, and what a person calls the asset."""

    what: str
    command: EdgeModel


def _documents(folder: str) -> Iterator[tuple[str, Any]]:
    for path in sorted((DEFINITIONS / folder).glob("*.yaml")):
        yield path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))


def _command(name: str, document: dict[str, Any]) -> EdgeModel:
    return model_of(name).model_validate(document)
