"""Deciders of identity, in the form given, when, then."""
