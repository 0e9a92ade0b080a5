"""Whether the outputs of a result may be registered.

Source: domain.md §10: a version's content is immutable, lineage endpoints exist in the tenant.
"""

from collections.abc import Iterator, Sequence

from processors.artifacts.identity import VERSIONS_MAX, artifact_id_of, content_of, find
from processors.artifacts.output import Output, shown, unfit_parts
from processors.decision import Decision
from schemas.ids import ProjectId


def check_outputs(
    outputs: Sequence[Output],
    *,
    decision: Decision | None = None,
    project_id: ProjectId | None = None,
    input_artifact_ids: Sequence[str] = (),
) -> list[str]:
    """List what keeps the outputs from being registered, one sentence each; call before register.

    Without a decision only the outputs themselves are checked; with one also against what the
    tenant has: a version with other content, another type, inputs that are none of its artifacts.
    """
    found = [text for index, output in enumerate(outputs) for text in unfit_parts(output, index)]
    found += _repeated(outputs)
    if decision is None or found:
        return found
    for index, output in enumerate(outputs):
        found += _conflicts(decision, project_id, output, index)
    for index, artifact_id in enumerate(input_artifact_ids):
        if find(decision, artifact_id) is None:
            found.append(f"inputArtifactIds/{index}: {shown(artifact_id)} names no artifact")
    return found


def _repeated(outputs: Sequence[Output]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for index, output in enumerate(outputs):
        if (output.name, output.version) in seen:
            yield f"outputArtifacts/{index}: name and version come twice"
        seen.add((output.name, output.version))


def _conflicts(
    decision: Decision, project_id: ProjectId | None, output: Output, index: int
) -> Iterator[str]:
    artifact = find(decision, artifact_id_of(decision.tenant_id, project_id, output.name))
    if artifact is None:
        return
    where = f"outputArtifacts/{index}: {shown(output.name)}"
    if artifact.artifact_type != output.artifact_type:
        yield f"{where} is of type {artifact.artifact_type} and stays so"
    content = content_of(artifact, output.version)
    if content is None and len(artifact.versions) >= VERSIONS_MAX:
        yield f"{where} has {VERSIONS_MAX} versions, the most there may be"
    if content not in (None, output.content_hash):
        yield f"{where} {output.version} exists with other content"
