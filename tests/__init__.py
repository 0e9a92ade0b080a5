"""The tests, a package so that `python -m tests.fault.run` and shared pieces can be imported."""
