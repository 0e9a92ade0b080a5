"""Models at the edge; generated."""
