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
    AND workflow_instance_id = $workflow_instance_id::UUID;
