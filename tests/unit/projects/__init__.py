"""Deciders of projects, in the form given, when, then."""
