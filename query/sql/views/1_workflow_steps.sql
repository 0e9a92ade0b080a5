-- The present state of each step: what the last fact about it said.
CREATE VIEW workflow_steps AS
SELECT
    tenant_id,
    workflow_instance_id,
    step_path,
    max(sequence) AS sequence,
    max(occurred_at) AS since,
    arg_max(step_name, sequence) AS step_name,
    arg_max(step_status, sequence) AS step_status,
    arg_max(coalesce(is_blocked, false), sequence) AS is_blocked,
    arg_max(coalesce(reason, ''), sequence) AS reason,
    arg_max(coalesce(approval_id, ''), sequence) AS approval_id,
    nullif(arg_max(coalesce(due_at, 0), sequence), 0) AS due_at,
    nullif(arg_max(coalesce(due_for, ''), sequence), '') AS due_for
FROM workflow_changes
WHERE step_path <> ''
GROUP BY ALL;
