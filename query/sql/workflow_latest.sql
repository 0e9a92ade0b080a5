SELECT
    sequence,
    'evt-' || event_id AS event_id,
    event_type,
    action,
    outcome,
    code,
    resource_type,
    resource_id,
    resource_version,
    actor_type,
    actor_id,
    occurred_at,
    project_id,
    'wf-' || workflow_instance_id AS workflow_instance_id,
    'task-' || task_id AS task_id,
    approval_id,
    decision_id,
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    correlation_id,
    causation_id,
    cause_topic || ':' || cause_partition || ':' || cause_offset AS cause_position,
    topic || ':' || kafka_partition || ':' || kafka_offset AS position,
    hash,
    document
FROM audit
WHERE tenant_id = $tenant_id
    AND workflow_instance_id = $workflow_instance_id::UUID
ORDER BY sequence DESC
LIMIT $row_limit;
