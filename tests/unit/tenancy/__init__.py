"""Deciders of tenancy, in the form given, when, then."""
