-- Everything that moves an instance on by itself, soonest first.
WITH due AS (
    SELECT due_at, due_for, step_path
    FROM workflow_steps
    WHERE tenant_id = $tenant_id
        AND workflow_instance_id = $workflow_instance_id::UUID
        AND due_at IS NOT NULL
    UNION ALL
    SELECT times_out_at, 'workflow timeout', ''
    FROM workflow_states
    WHERE tenant_id = $tenant_id
        AND workflow_instance_id = $workflow_instance_id::UUID
        AND times_out_at IS NOT NULL
    UNION ALL
    SELECT unnest([lease_expires_at, deadline_at]), unnest(['lease of the task ends', 'deadline of the task']), step_path
    FROM task_states
    WHERE tenant_id = $tenant_id
        AND workflow_instance_id = $workflow_instance_id::UUID
        AND status IN ('Assigned', 'ContextLoading', 'Executing', 'Validating', 'Correcting')
    UNION ALL
    SELECT retry_at, 'task is tried again', step_path
    FROM task_states
    WHERE tenant_id = $tenant_id
        AND workflow_instance_id = $workflow_instance_id::UUID
        AND status = 'Failed'
        AND retry_at IS NOT NULL
)

SELECT due_at, due_for, step_path
FROM due
WHERE due_at IS NOT NULL
ORDER BY due_at
LIMIT $row_limit;
