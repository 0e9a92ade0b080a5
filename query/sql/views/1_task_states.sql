-- The present state of each agent task: the newest that any fact said of each column.
CREATE VIEW task_states AS
SELECT
    tenant_id,
    task_id,
    min(sequence) AS assigned_sequence,
    min(occurred_at) AS assigned_at,
    max(sequence) AS sequence,
    max(occurred_at) AS changed_at,
    max(occurred_at) FILTER (WHERE status IN ('Completed', 'Cancelled')) AS ended_at,
    any_value(workflow_instance_id) AS workflow_instance_id,
    any_value(project_id) AS project_id,
    arg_max(status, sequence) AS status,
    arg_max(attempt, sequence) AS attempt,
    arg_max(step_path, sequence) AS step_path,
    arg_max(step_name, sequence) AS step_name,
    arg_max(agent_role, sequence) AS agent_role,
    arg_max(skill, sequence) AS skill,
    arg_max(skill_version, sequence) AS skill_version,
    arg_max(model_policy, sequence) AS model_policy,
    arg_max(reservation_id, sequence) AS reservation_id,
    arg_max(decision_id, sequence) AS decision_id,
    arg_max(agent_id, sequence) AS agent_id,
    arg_max(agent_version, sequence) AS agent_version,
    arg_max(execution_id, sequence) AS execution_id,
    arg_max(percent, sequence) AS percent,
    nullif(arg_max(coalesce(reason, ''), sequence), '') AS reason,
    arg_max(lease_expires_at, sequence) AS lease_expires_at,
    arg_max(deadline_at, sequence) AS deadline_at,
    nullif(arg_max(coalesce(retry_at, 0), sequence), 0) AS retry_at
FROM task_changes
GROUP BY ALL;
