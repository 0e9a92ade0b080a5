-- The present state of each instance (domain.md §5.2): the last status said of it, and while it runs, what it waits for.
CREATE VIEW workflow_states AS
WITH instances AS (
    SELECT
        tenant_id,
        workflow_instance_id,
        arg_max(status, sequence) AS said,
        arg_max(reason, sequence) FILTER (WHERE status IS NOT NULL) AS status_reason,
        min(sequence) AS started_sequence,
        min(occurred_at) AS started_at,
        max(sequence) AS sequence,
        max(occurred_at) AS changed_at,
        max(occurred_at) FILTER (WHERE status IN ('Completed', 'Failed', 'Cancelled')) AS ended_at,
        any_value(project_id) AS project_id,
        any_value(definition_owner) AS definition_owner,
        any_value(definition_name) AS definition_name,
        any_value(definition_version) AS definition_version,
        any_value(title) AS title,
        any_value(started_by) AS started_by,
        any_value(priority) AS priority,
        any_value(trace_id) AS trace_id,
        min(due_at) FILTER (WHERE due_for = 'workflow timeout') AS times_out_at
    FROM workflow_changes
    GROUP BY ALL
),

waits AS (
    SELECT
        tenant_id,
        workflow_instance_id,
        bool_or(is_blocked) AS is_blocked,
        bool_or(is_blocked AND reason = 'approval') AS awaits_approval,
        bool_or(step_status = 'Assigned') AS awaits_agent,
        bool_or(step_status = 'Awaiting' AND due_for = 'wait ends') AS awaits_timer
    FROM workflow_steps
    GROUP BY ALL
)

SELECT
    instances.*,
    CASE
        WHEN said <> 'Running' THEN said
        WHEN awaits_approval THEN 'AwaitingApproval'
        WHEN is_blocked THEN 'Blocked'
        WHEN awaits_agent THEN 'AwaitingAgent'
        WHEN awaits_timer THEN 'AwaitingTimer'
        ELSE 'Running'
    END AS status
FROM instances
LEFT JOIN waits
    ON waits.tenant_id = instances.tenant_id
    AND waits.workflow_instance_id = instances.workflow_instance_id;
