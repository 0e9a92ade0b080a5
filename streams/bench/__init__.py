"""Measure the running local system: workflows a second, latency, CPU by process, records and bytes."""
