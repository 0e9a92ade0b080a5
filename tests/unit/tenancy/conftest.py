"""Fixtures of the tenancy tests."""

from tests.unit.gate import gate

__all__ = ["gate"]
