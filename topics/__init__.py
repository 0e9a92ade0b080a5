"""Where messages travel: the topics, how they are named, placed, provisioned and guarded.

Imports `schemas` only. Knows no meaning of a message and runs no loop.
"""
