"""Deciders of governance, in the form given, when, then."""
