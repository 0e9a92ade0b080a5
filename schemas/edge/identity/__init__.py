"""Typed messages of identity; generated."""
