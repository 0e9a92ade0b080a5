"""Fixtures of the identity tests."""

from tests.unit.gate import gate

__all__ = ["gate"]
