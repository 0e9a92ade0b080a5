"""Typed messages of workflow; generated."""
