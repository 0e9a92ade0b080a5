-- Every version of an artifact, newest first.
SELECT
    artifact_id,
    name,
    artifact_type,
    version,
    content_hash,
    storage_ref,
    classification,
    produced_by_agent_id,
    produced_by_skill,
    'task-' || task_id AS task_id,
    'wf-' || workflow_instance_id AS workflow_instance_id,
    project_id,
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    occurred_at AS created_at,
    sequence
FROM artifacts
WHERE tenant_id = $tenant_id
    AND artifact_id = $artifact_id
ORDER BY sequence DESC
LIMIT $row_limit;
