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
    AND ($occurred_from IS NULL OR occurred_at >= make_timestamp($occurred_from))
    AND ($occurred_to IS NULL OR occurred_at < make_timestamp($occurred_to))
    AND ($actor IS NULL OR actor_id = $actor)
    AND ($resource IS NULL OR resource_id = $resource)
    AND ($resource_type IS NULL OR resource_type = $resource_type)
    AND ($action IS NULL OR action = $action)
    AND ($outcome IS NULL OR outcome = $outcome)
    AND ($code IS NULL OR code = $code)
    AND ($trace IS NULL OR trace_id = $trace::UUID)
    AND ($workflow IS NULL OR workflow_instance_id = $workflow::UUID)
    AND ($after_sequence IS NULL OR sequence < $after_sequence)
ORDER BY sequence DESC
LIMIT $row_limit;
