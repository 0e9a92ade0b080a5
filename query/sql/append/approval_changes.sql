INSERT INTO approval_changes
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
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
    workflow_instance_id::UUID,
    trace_id::UUID
FROM appender_data;
