SELECT
    'task-' || task_id AS task_id,
    'wf-' || workflow_instance_id AS workflow_instance_id,
    project_id,
    status,
    attempt,
    step_path,
    step_name,
    agent_role,
    skill,
    skill_version,
    model_policy,
    agent_id,
    agent_version,
    execution_id,
    percent,
    reason,
    reservation_id,
    decision_id,
    lease_expires_at,
    deadline_at,
    retry_at,
    assigned_at,
    changed_at,
    ended_at,
    assigned_sequence,
    sequence
FROM task_states
WHERE tenant_id = $tenant_id
    AND workflow_instance_id = $workflow_instance_id::UUID
    AND status NOT IN ('Completed', 'Cancelled')
ORDER BY assigned_sequence
LIMIT $row_limit;
