"""Typed messages of agents; generated."""
