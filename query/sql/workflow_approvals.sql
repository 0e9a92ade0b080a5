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
    sequence
FROM approval_states
WHERE tenant_id = $tenant_id
    AND (
        workflow_instance_id = $workflow_instance_id::UUID
        OR approval_id IN (
            SELECT approval_id
            FROM workflow_steps
            WHERE tenant_id = $tenant_id
                AND workflow_instance_id = $workflow_instance_id::UUID
                AND is_blocked
        )
    )
ORDER BY requested_sequence DESC
LIMIT $row_limit;
