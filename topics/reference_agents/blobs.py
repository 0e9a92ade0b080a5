"""Where the reference agents leave the bodies of artifacts: files named by their content, under the local folder."""

import hashlib
import json
from typing import Any

from topics.agent_task import OutputArtifact
from topics.settings import local_root


def store(name: str, artifact_type: str, content: Any) -> OutputArtifact:
    """Keep a JSON document by its SHA-256 and give the artifact that points to it; the same content is kept once."""
    body = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    digest = hashlib.sha256(body).hexdigest()
    folder = local_root() / "blobs"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / digest
    if not target.exists():
        partial = target.with_suffix(".part")
        partial.write_bytes(body)
        partial.replace(target)
    return OutputArtifact(
        name=name,
        artifact_type=artifact_type,
        version="1.0.0",
        content_hash=f"sha256:{digest}",
        storage_ref=f"blob://local/{digest}",
    )
