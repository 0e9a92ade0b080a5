"""Typed messages of tenancy; generated."""
