"""Every command, fact, timer and reaction with the function that knows it: merged from the contexts' literal tables."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from msgspec import Struct

from processors.contract import Meta, Tables
from processors.rules import CommandRule, Commands, Evolvers, Reactions, TimerRule, Timers, merged

CONTEXTS: Final = (
    "identity",
    "tenancy",
    "projects",
    "agents",
    "governance",
    "costs",
    "artifacts",
    "workflow",
)
"""Contexts that have commands in this release, in the order in which their evolvers see a fact."""


@cache
def _contexts() -> tuple[ModuleType, ...]:
    return tuple(import_module(f"processors.{name}") for name in CONTEXTS)


@cache
def commands() -> Commands:
    """Give command type -> rule; a command belongs to exactly one context."""
    table: Commands = {}
    for context in _contexts():
        own: Commands = getattr(context, "COMMANDS", {})
        twice = table.keys() & own.keys()
        if twice:
            raise AssertionError(f"{context.__name__} claims commands of another context: {twice}")
        table.update(own)
    return table


@cache
def evolvers() -> Evolvers:
    """Give fact type -> the functions that apply it."""
    return merged(*(getattr(context, "EVOLVERS", {}) for context in _contexts()))


@cache
def reactions() -> Reactions:
    """Give fact type -> the functions that follow it with further facts."""
    return merged(*(getattr(context, "REACTIONS", {}) for context in _contexts()))


@cache
def timers() -> Timers:
    """Give state kind -> its timer rule."""
    table: Timers = {}
    for context in _contexts():
        table.update(getattr(context, "TIMERS", {}))
    return table


@cache
def timers_by_name() -> dict[str, tuple[type[Struct], TimerRule]]:
    """Give name of a state kind -> (kind, timer rule): what a FireTimer command names."""
    return {kind.__name__: (kind, rule) for kind, rule in timers().items()}


@cache
def rules_by_name() -> dict[str, CommandRule]:
    """Give name of a command -> rule."""
    return {command.__name__: rule for command, rule in commands().items()}


def apply(tables: Tables, fact: Struct, meta: Meta) -> None:
    """Evolve the tables by one fact; a fact type that nobody follows changes no table."""
    for evolve in evolvers().get(type(fact), ()):
        evolve(tables, fact, meta)
