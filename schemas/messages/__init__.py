"""Typed messages; generated."""
