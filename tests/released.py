"""The released messages as the lock file names them; tests that add messages of their own do not show here."""

import json

from schemas.catalogue import ROOT, Entry, catalogue


def released(kind: str) -> dict[str, Entry]:
    """Give name -> entry of the released messages of a kind."""
    rows = json.loads((ROOT / "registry.lock.json").read_text(encoding="utf-8"))["schemas"]
    subjects = {row["subject"] for row in rows}
    found = catalogue().of_kind(kind)
    return {name: entry for name, entry in found.items() if f"{entry.context}.{name}" in subjects}
