"""Generate the typed messages from the Avro files and keep the registry's lock file.

``python -m schemas.generate`` assigns an id to each new ``.avsc`` (never re-using one), refuses a change
of a released file, and rewrites ``schemas/messages/`` (one module a context and message kind, with
frozen msgspec records: what deciders and projections work on) and ``schemas/edge/`` (pydantic models of
commands and facts: what people who import the client library work on). ``--check`` writes nothing and exits 1
where something would change.
Custom properties that the generator reads (Avro allows them and readers ignore them):
``messageKind`` on the record; ``minimum``, ``maximum``, ``maxLength``, ``minLength``, ``pattern``,
``maxItems`` on a field; ``symbols`` of an enum become a ``Literal``.
"""

import argparse
import fcntl
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from schemas.source import EdgeModule, Module

ROOT: Final = Path(__file__).parent
AVRO: Final = ROOT / "avro"
LOCK: Final = ROOT / "registry.lock.json"
MESSAGES: Final = ROOT / "messages"
EDGE: Final = ROOT / "edge"

Schema = dict[str, Any]
_FILE = re.compile(r"^(?P<name>[A-Z][A-Za-z0-9]*)\.v(?P<version>[1-9][0-9]*)\.avsc$")
_KINDS: Final = {
    "command": "commands",
    "fact": "facts",
    "state": "state",
    "message": "messages",
}
_EDGE_KINDS: Final = ("command", "fact")


def avsc_files() -> list[tuple[str, str, int, Path]]:
    """List (context, name, version, path) of every schema file, in a stable order."""
    found = []
    for path in sorted(AVRO.rglob("*.avsc")):
        match = _FILE.match(path.name)
        if match is None:
            raise SystemExit(f"{path}: a schema file is named <Name>.v<N>.avsc")
        found.append((path.parent.name, match["name"], int(match["version"]), path))
    return found


def fingerprint(schema: Schema) -> str:
    """Give the SHA-256 over the schema without its docs, keys sorted, in hex.

    Not over the parsing canonical form: that forgets logical types, scales, defaults and our limits, so a change of
    money's scale would have passed as no change (schemas/README.md, ADR 3).
    """
    text = json.dumps(_without_docs(schema), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _without_docs(avro: Any) -> Any:
    if isinstance(avro, dict):
        return {key: _without_docs(value) for key, value in avro.items() if key != "doc"}
    return [_without_docs(item) for item in avro] if isinstance(avro, list) else avro


def locked(old: dict[str, Any]) -> dict[str, Any]:
    """Give the lock file's content for the files that stand now; raise on a changed released file."""
    released = old.get("released", 0)
    known = {entry["file"]: entry for entry in old.get("schemas", [])}
    highest = max((entry["id"] for entry in known.values()), default=0)
    entries = {}
    for context, name, version, path in avsc_files():
        file = path.relative_to(ROOT).as_posix()
        digest = fingerprint(json.loads(path.read_text()))
        entry = known.get(file)
        if entry is None:
            highest += 1
            entry = {
                "id": highest,
                "subject": f"{context}.{name}",
                "version": version,
                "file": file,
            }
        elif entry["id"] <= released and entry["sha256"] != digest:
            raise SystemExit(
                f"{file} is released: add {name}.v{version + 1}.avsc instead of a change"
            )
        entries[entry["id"]] = {**entry, "sha256": digest}
    missing = [e["file"] for e in known.values() if e["id"] <= released and e["id"] not in entries]
    if missing:
        raise SystemExit(f"released schemas are gone: {missing}")
    return {"released": released, "schemas": [entries[key] for key in sorted(entries)]}


def modules() -> dict[Path, str]:
    """Give path -> source of every generated module."""
    newest = {(c, n): v for c, n, v, _ in avsc_files()}
    built: dict[Path, Module] = {}
    for context, name, version, path in avsc_files():
        schema = json.loads(path.read_text())
        kind = schema.get("messageKind")
        if kind == "envelope":
            target = MESSAGES / "envelope.py"
        elif kind in _KINDS:
            target = MESSAGES / context / f"{_KINDS[kind]}.py"
        else:
            raise SystemExit(f"{path}: messageKind is one of {sorted(_KINDS)}")
        title = f"{(kind or '').capitalize()} records of {context}"
        module = built.setdefault(target, Module(title))
        python = name if version == newest[context, name] else f"{name}V{version}"
        module.add(schema, python)
        if kind in _EDGE_KINDS:
            target = EDGE / context / f"{_KINDS[kind]}.py"
            edge = built.setdefault(target, EdgeModule(f"{kind.capitalize()} models of {context}"))
            edge.add(schema, python)
    out = {path: module.text() for path, module in built.items()}
    for folder in {p.parent for p in out}:
        doc = "Typed messages" if folder == MESSAGES else f"Typed messages of {folder.name}"
        out[folder / "__init__.py"] = f'"""{doc}; generated."""\n'
    out[MESSAGES / "__init__.py"] = '"""Typed messages; generated."""\n'
    out[EDGE / "__init__.py"] = '"""Models at the edge; generated."""\n'
    return out


def outputs() -> dict[Path, str]:
    """Give path -> content of the lock file and of every generated module, as they should be."""
    old = json.loads(LOCK.read_text()) if LOCK.exists() else {}
    return {LOCK: json.dumps(locked(old), indent=1) + "\n", **modules()}


def stale() -> list[Path]:
    """List the files that are not what the schemas say."""
    return [
        path for path, text in outputs().items() if not path.exists() or path.read_text() != text
    ]


def main() -> int:
    """Write or check; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 on a difference"
    )
    check = parser.parse_args().check
    with Path(__file__).open(encoding="utf-8") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two generators at once would hand out one id twice
        wrong = stale()
        if check:
            sys.stderr.write(
                "".join(f"{p.relative_to(ROOT)} is not what the schemas say\n" for p in wrong)
            )
            return 1 if wrong else 0
        texts = outputs()
        for path in wrong:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
