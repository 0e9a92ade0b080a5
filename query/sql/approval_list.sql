SELECT
    approval_id,
    status,
    action,
    resource,
    title,
    approver_role,
    quorum,
    votes,
    four_eyes,
    expires_at,
    on_expiry,
    requested_by,
    answered_by,
    note,
    project_id,
    'wf-' || workflow_instance_id AS workflow_instance_id,
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    requested_at,
    changed_at,
    requested_sequence,
    sequence
FROM approval_states
WHERE tenant_id = $tenant_id
    AND ($status IS NULL OR status = $status)
    AND ($role IS NULL OR approver_role = $role)
    AND ($workflow IS NULL OR workflow_instance_id = $workflow::UUID)
    AND ($after_requested_sequence IS NULL OR requested_sequence < $after_requested_sequence)
ORDER BY requested_sequence DESC
LIMIT $row_limit;
