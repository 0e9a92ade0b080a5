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
    AND ($status IS NULL OR status = $status)
    AND ($workflow IS NULL OR workflow_instance_id = $workflow::UUID)
    AND ($project_id IS NULL OR project_id = $project_id)
    AND ($agent IS NULL OR agent_id = $agent)
    AND ($role IS NULL OR agent_role = $role)
    AND ($after_assigned_sequence IS NULL OR assigned_sequence < $after_assigned_sequence)
ORDER BY assigned_sequence DESC
LIMIT $row_limit;
