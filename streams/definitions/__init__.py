"""Definitions on the command line: checked offline, as publishing would check them."""
