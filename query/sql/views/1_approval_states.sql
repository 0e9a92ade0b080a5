-- The present state of each approval: the newest that any fact said of each column.
CREATE VIEW approval_states AS
SELECT
    tenant_id,
    approval_id,
    min(sequence) AS requested_sequence,
    min(occurred_at) AS requested_at,
    max(sequence) AS sequence,
    max(occurred_at) AS changed_at,
    arg_max(status, sequence) AS status,
    any_value(action) AS action,
    any_value(resource) AS resource,
    any_value(title) AS title,
    arg_max(approver_role, sequence) AS approver_role,
    any_value(quorum) AS quorum,
    max(votes) AS votes,
    any_value(four_eyes) AS four_eyes,
    arg_max(expires_at, sequence) AS expires_at,
    any_value(on_expiry) AS on_expiry,
    any_value(requested_by) AS requested_by,
    arg_max(answered_by, sequence) AS answered_by,
    arg_max(note, sequence) AS note,
    any_value(project_id) AS project_id,
    any_value(workflow_instance_id) AS workflow_instance_id,
    any_value(trace_id) AS trace_id
FROM approval_changes
GROUP BY ALL;
