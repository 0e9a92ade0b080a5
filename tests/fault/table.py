"""The faults, as one table: what is broken, what must hold, how often, and the program that does it.

The numbers are those of reliability.md §5. ``ELSEWHERE`` names the test that shows a row without a program here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.fault.faults import (
    clock,
    disk,
    frozen,
    link,
    lost_broker,
    poison,
    processes,
    quorum,
    storm,
    views,
)
from tests.fault.field import Field


class Where(StrEnum):
    """The system that a fault needs; each is started once a run and ends in a verdict of its own."""

    USUAL = "one broker"
    DISKS = "small disks"
    THREE = "three brokers"


@dataclass(frozen=True)
class Fault:
    """A row: ``short`` and ``long`` say how often it is done in each set, 0 leaves it out."""

    id: str
    name: str
    holds: str
    figure: str
    program: Callable[[Field, int], None]
    short: int
    long: int
    where: Where = Where.USUAL


FAULTS: Final = (
    Fault("F1", "kill -9 of a worker", "I1-I6, I12", "back within the session time-out + 5 s",
          processes.kill_workers, 10, 400),
    Fault("F1-agent", "kill -9 of an agent", "I1-I6, I12", "its tasks are done by another",
          processes.kill_agents, 3, 20),
    Fault("F1-gone", "a worker dies for good with a transaction open", "I1-I6, I12",
          "taken over within the session time-out + 5 s", frozen.dies_for_good, 2, 10),
    Fault("F2", "kill -9 at each place of a cycle", "I1-I6, I12, I20", "all places, each so often",
          processes.crash_points, 3, 5),
    Fault("F31", "SIGTERM of each worker, rolling", "I1-I3", "ends with 0, nothing done again",
          processes.roll, 1, 3),
    Fault("F10", "zombie: frozen beyond its session, replaced, woken", "I5, I6", "no effect of it",
          frozen.zombies, 3, 6),
    Fault("F11", "pauses of 0.5 to 4 s", "I2, I12", "0 doubled", frozen.pauses, 3, 25),
    Fault("F9", "rebalance storm: 1 to 4 workers come and go (seconds)", "I1-I6, I12",
          "progress in every 10 s", storm.storm, 20, 120),
    Fault("F12", "link between worker and broker: cut, half-open, reset, stalled", "I1-I5, I12",
          "back within 15 s", link.broken_links, 1, 3),
    Fault("F12-slow", "slow broker: 300 ms later, then 64 kB/s, for all workers", "I1-I5, I12",
          "work goes on", link.slow_broker, 1, 2),
    Fault("B16", "a record that kills the worker", "I1, I13", "dead letter after 3 ends, the rest goes on",
          poison.poison, 1, 2),
    Fault("F3", "kill -9 of the query side under readers (F4)", "I1, I2, I10, I11, I15, I20",
          "rows = facts; ready again", views.kill_query, 2, 20),
    Fault("F5", "kill -9 of the broker", "I1-I3, I12", "0 acknowledged lost; back within 20 s",
          processes.kill_broker, 1, 8),
    Fault("F23", "a worker's clock 2 h ahead, then 2 h behind", "I16, I6, I10", "no deadline early",
          clock.jumps, 1, 2),
    Fault("F6", "the broker loses everything", "I18", "said within 10 s, nothing written",
          lost_broker.lose_everything, 1, 2),
    Fault("F17", "full disk under the views", "I2, I14, I20", "goes on within 10 s of room",
          disk.full_views, 1, 2, Where.DISKS),
    Fault("F18-crumb", "full disk under the breadcrumb", "I18, I20", "refuses with a sentence",
          disk.full_breadcrumbs, 1, 2, Where.DISKS),
    Fault("F18", "full disk under the broker's log", "I18, I20", "0 acknowledged lost",
          disk.full_broker, 1, 2, Where.DISKS),
    Fault("F7-move", "three brokers: leaders moved under load", "I1-I5, I12", "back within 25 s",
          quorum.move_leaders, 0, 3, Where.THREE),
    Fault("F8", "two of three brokers lost, then back", "I1, I18", "0 acknowledged meanwhile; back within 30 s",
          quorum.lose_two, 0, 2, Where.THREE),
    Fault("F7", "one of three brokers lost for good", "I1-I5, I12", "0 acknowledged lost; back within 25 s",
          quorum.lose_one, 0, 1, Where.THREE),
)  # fmt: skip
"""In the order in which they are done."""
