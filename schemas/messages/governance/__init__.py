"""Typed messages of governance; generated."""
