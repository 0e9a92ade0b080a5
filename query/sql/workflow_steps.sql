SELECT
    step_path,
    step_name,
    step_status AS status,
    is_blocked,
    nullif(reason, '') AS reason,
    nullif(approval_id, '') AS approval_id,
    due_at,
    due_for,
    since,
    sequence
FROM workflow_steps
WHERE tenant_id = $tenant_id
    AND workflow_instance_id = $workflow_instance_id::UUID
ORDER BY sequence
LIMIT $row_limit;
