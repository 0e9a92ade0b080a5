"""Check a definition's text and give the parsed definition, or every fault with its line."""

import json
from functools import lru_cache
from typing import Final

from yaml.nodes import Node as YamlNode

from processors import json_schema
from processors.workflow.definition.durations import SECOND
from processors.workflow.definition.model import CallAgentTask, Definition, Finding
from processors.workflow.definition.reader import Fields, Reader
from processors.workflow.definition.scope import names_given, unknown_reads
from processors.workflow.definition.source import compose, plain
from processors.workflow.definition.tasks import Tasks
from processors.workflow.expressions import context_names, probes

SLUG: Final = r"[a-z0-9][a-z0-9-]{1,62}"
SEMVER: Final = r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})"
DSL: Final = r"1\.0\.[0-9]{1,4}"


@lru_cache(maxsize=32)
def check_definition(text: str) -> tuple[Definition | None, tuple[Finding, ...]]:
    """Give the definition and no findings, or None and all findings ordered by line.

    Remembered for the 32 texts checked last: what is published is loaded next.
    """
    root, refused = compose(text)
    if root is None:
        return None, tuple(sorted(refused))
    reader = Reader()
    definition = _definition(reader, root)
    findings = tuple(sorted(dict.fromkeys(reader.findings)))
    return (None, findings) if findings else (definition, ())


class DefinitionInvalidError(ValueError):
    """A text with faults; ``findings`` names them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        super().__init__(f"line {first.line}: {first.message} ({len(findings)} findings)")
        self.findings = findings


@lru_cache(maxsize=512)
def load(text: str) -> Definition:
    """Give the definition of a published text; remembered for the 512 used last. Raises DefinitionInvalidError."""
    definition, findings = check_definition(text)
    if definition is None:
        raise DefinitionInvalidError(findings)
    return definition


def _definition(reader: Reader, root: YamlNode) -> Definition:
    fields = reader.mapping(root, "", ("document", "do"), ("input", "output", "timeout"))
    document = _document(reader, fields.get("document"))
    tasks = Tasks(reader)
    do = tasks.block(fields["do"], "do") if "do" in fields else tasks.block(root, "do")
    output, timeout = fields.get("output"), fields.get("timeout")
    as_ = reader.mapping(output, "output", ("as",)) if output is not None else {}
    definition = Definition(
        **document,
        input_schema=_schema(reader, fields),
        output_as=reader.value(as_["as"], "output/as") if "as" in as_ else None,
        timeout_micros=None
        if timeout is None
        else reader.duration(timeout, "timeout", SECOND, low=SECOND),
        do=do,
        tasks_by_path=tasks.tasks,
        blocks_by_path=tasks.blocks,
        skills=_skills(tasks),
    )
    _check_names(reader, tasks)
    return definition


def _check_names(reader: Reader, tasks: Tasks) -> None:
    """Report each ``context.<name>`` that can never be found."""
    given = names_given(tasks.tasks)
    probed = ((p, n) for p, (_, text) in reader.reads.items() for n in probes(text) - given)
    reads = {path: context_names(text) for path, (_, text) in reader.reads.items()}
    for path, name in (*unknown_reads(reads, tasks.tasks), *sorted(probed)):
        message = (
            f"context.{name} is given elsewhere and not seen from here"
            if name in given
            else f"no task and no set gives context.{name}"
        )
        reader.report(reader.reads[path][0], path, "UNKNOWN_NAME", message)


def _document(reader: Reader, source: YamlNode | None) -> dict[str, str]:
    if source is None:
        return {"namespace": "", "name": "", "version": "", "title": ""}
    fields = reader.mapping(source, "document", ("dsl", "namespace", "name", "version"), ("title",))
    reader.text(fields.get("dsl"), "document/dsl", "", DSL)
    name = reader.text(fields.get("name"), "document/name", "", SLUG)
    return {
        "namespace": reader.text(fields.get("namespace"), "document/namespace", "", SLUG),
        "name": name,
        "version": reader.text(fields.get("version"), "document/version", "", SEMVER),
        "title": reader.text(fields.get("title"), "document/title", name, r".{1,200}"),
    }


def _schema(reader: Reader, fields: Fields) -> str | None:
    source = fields.get("input")
    if source is None:
        return None
    schema = reader.mapping(source, "input", ("schema",)).get("schema")
    if schema is None:
        return None
    document = reader.mapping(schema, "input/schema", ("document",), ("format",)).get("document")
    if document is None:
        return None
    text = json.dumps(plain(document), sort_keys=True, separators=(",", ":"))
    for finding in json_schema.schema_findings(text):
        reader.report(document, "input/schema/document", "BAD_SCHEMA", finding)
    return text


def _skills(tasks: Tasks) -> tuple[tuple[str, str], ...]:
    called = (t for t in tasks.tasks.values() if isinstance(t, CallAgentTask))
    return tuple(dict.fromkeys((task.skill, task.skill_range) for task in called))
