"""Programs that break the running system in every way we know and say what was lost."""
