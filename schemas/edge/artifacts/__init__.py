"""Typed messages of artifacts; generated."""
