"""Generate the typed messages from the Avro files and keep the registry's lock file.

``python -m schemas.generate`` assigns an id to each new ``.avsc`` (never re-using one), refuses a change
of a released file, and rewrites ``schemas/messages/``: one module a context and message kind, with
frozen msgspec records. ``--check`` writes nothing and exits 1 where something would change.
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

from fastavro.schema import to_parsing_canonical_form

from schemas.ids import ID_RULES
from schemas.naming import snake

ROOT: Final = Path(__file__).parent
AVRO: Final = ROOT / "avro"
LOCK: Final = ROOT / "registry.lock.json"
MESSAGES: Final = ROOT / "messages"

Schema = dict[str, Any]
_FILE = re.compile(r"^(?P<name>[A-Z][A-Za-z0-9]*)\.v(?P<version>[1-9][0-9]*)\.avsc$")
_KINDS: Final = {
    "command": "commands",
    "fact": "facts",
    "state": "state",
    "message": "messages",
}
_PRIMITIVES: Final = {
    "string": "str",
    "long": "int",
    "int": "int",
    "boolean": "bool",
    "bytes": "bytes",
    "double": "float",
    "float": "float",
}


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
    """Give the SHA-256 of the schema's parsing canonical form, in hex."""
    return hashlib.sha256(to_parsing_canonical_form(schema).encode()).hexdigest()


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
            entry = {"id": highest, "subject": f"{context}.{name}", "version": version, "file": file}
        elif entry["id"] <= released and entry["sha256"] != digest:
            raise SystemExit(f"{file} is released: add {name}.v{version + 1}.avsc instead of a change")
        entries[entry["id"]] = {**entry, "sha256": digest}
    missing = [e["file"] for e in known.values() if e["id"] <= released and e["id"] not in entries]
    if missing:
        raise SystemExit(f"released schemas are gone: {missing}")
    return {"released": released, "schemas": [entries[key] for key in sorted(entries)]}


class Module:
    """Text of one generated module; nested records are written before the record that uses them."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.classes: dict[str, str] = {}
        self.ids: set[str] = set()
        self.typing: set[str] = set()
        self.meta = False

    def add(self, schema: Schema, name: str) -> str:
        """Write one record's class (and those inside it); give its name."""
        fields = [self._field(f) for f in schema["fields"]]
        body = "\n".join(fields) or "    pass"
        doc = schema.get("doc", name).replace('"""', "'''")
        text = (
            f"class {name}(Struct, frozen=True, kw_only=True, rename=\"camel\"):\n"
            f'    """{doc}"""\n\n{body}\n'
        )
        if self.classes.get(name, text) != text:
            raise SystemExit(f"{self.title}: two different records are named {name}")
        self.classes[name] = text
        return name

    def _field(self, field: Schema) -> str:
        hint = self._hint(field["type"], field)
        default = ""
        if "default" in field:
            value = field["default"]
            default = " = ()" if value == [] else f" = {value!r}"
        doc = f"\n    \"\"\"{field['doc']}\"\"\"" if field.get("doc") else ""
        return f"    {snake(field['name'])}: {hint}{default}{doc}"

    def _hint(self, avro: Any, field: Schema) -> str:
        if isinstance(avro, list):
            inner = next(t for t in avro if t != "null")
            return f"{self._hint(inner, field)} | None"
        kind = avro if isinstance(avro, str) else avro["type"]
        if kind == "record":
            return self.add(avro, avro["name"])
        if kind == "enum":
            self.typing.add("Literal")
            return f"Literal[{', '.join(json.dumps(s) for s in avro['symbols'])}]"
        if kind == "array":
            items = f"tuple[{self._hint(avro['items'], {'name': ''})}, ...]"
            return self._constrained(items, {"max_length": field.get("maxItems")})
        if kind == "fixed":
            return "bytes"
        if isinstance(avro, dict) and avro.get("logicalType") == "decimal":
            return "int"
        return self._scalar(_PRIMITIVES[kind], field)

    def _scalar(self, hint: str, field: Schema) -> str:
        rule = ID_RULES.get(field["name"])
        if hint == "str" and rule is not None:
            self.ids.add(rule[0])
            return self._constrained(rule[0], {"pattern": rule[1], "max_length": rule[2]})
        limits = {
            "pattern": field.get("pattern"),
            "max_length": field.get("maxLength"),
            "min_length": field.get("minLength"),
            "ge": field.get("minimum"),
            "le": field.get("maximum"),
        }
        return self._constrained(hint, limits)

    def _constrained(self, hint: str, limits: dict[str, Any]) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in limits.items() if v is not None)
        if not given:
            return hint
        self.typing.add("Annotated")
        self.meta = True
        return f"Annotated[{hint}, Meta({given})]"

    def text(self) -> str:
        """Give the module's source."""
        lines = [f'"""{self.title}. Generated by schemas.generate from the .avsc files: do not edit."""', ""]
        if self.typing:
            lines += [f"from typing import {', '.join(sorted(self.typing))}", ""]
        lines.append(f"from msgspec import {'Meta, ' if self.meta else ''}Struct")
        if self.ids:
            lines += ["", f"from schemas.ids import {', '.join(sorted(self.ids))}"]
        return "\n".join(lines) + "\n\n\n" + "\n\n".join(self.classes.values())


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
        module.add(schema, name if version == newest[context, name] else f"{name}V{version}")
    out = {path: module.text() for path, module in built.items()}
    for folder in {p.parent for p in out}:
        doc = "Typed messages" if folder == MESSAGES else f"Typed messages of {folder.name}"
        out[folder / "__init__.py"] = f'"""{doc}; generated."""\n'
    out[MESSAGES / "__init__.py"] = '"""Typed messages; generated."""\n'
    return out


def main() -> int:
    """Write or check; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a difference")
    check = parser.parse_args().check
    with (ROOT / "generate.py").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two generators at once would hand out one id twice
        old = json.loads(LOCK.read_text()) if LOCK.exists() else {}
        outputs = {LOCK: json.dumps(locked(old), indent=1) + "\n", **modules()}
        stale = [p for p, text in outputs.items() if not p.exists() or p.read_text() != text]
        if check:
            sys.stderr.write("".join(f"{p.relative_to(ROOT)} is not what the schemas say\n" for p in stale))
            return 1 if stale else 0
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(outputs[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
