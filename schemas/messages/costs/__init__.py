"""Typed messages of costs; generated."""
