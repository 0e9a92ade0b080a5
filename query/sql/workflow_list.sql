SELECT
    'wf-' || workflow_instance_id AS workflow_instance_id,
    status,
    status_reason AS reason,
    project_id,
    definition_owner,
    definition_name,
    definition_version,
    title,
    started_by,
    priority,
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    started_at,
    changed_at,
    ended_at,
    started_sequence,
    sequence
FROM workflow_states
WHERE tenant_id = $tenant_id
    AND ($status IS NULL OR status = $status)
    AND ($definition IS NULL OR definition_name = $definition)
    AND ($project_id IS NULL OR project_id = $project_id)
    AND ($started_from IS NULL OR started_at >= make_timestamp($started_from))
    AND ($started_to IS NULL OR started_at < make_timestamp($started_to))
    AND ($after_started_sequence IS NULL OR started_sequence < $after_started_sequence)
ORDER BY started_sequence DESC
LIMIT $row_limit;
