"""Typed messages of projects; generated."""
