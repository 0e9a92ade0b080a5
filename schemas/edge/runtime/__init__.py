"""Typed messages of runtime; generated."""
