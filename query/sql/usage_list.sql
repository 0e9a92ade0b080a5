SELECT
    sequence,
    line,
    occurred_at,
    usage_id,
    'task-' || task_id AS task_id,
    'wf-' || workflow_instance_id AS workflow_instance_id,
    project_id,
    agent_id,
    skill,
    provider,
    model,
    invocation_id,
    dimension,
    quantity,
    unit_quantity,
    unit_price_micros AS unit_price,
    cost_micros AS cost,
    currency,
    price_list,
    price_basis
FROM usage_lines
WHERE tenant_id = $tenant_id
    AND ($occurred_from IS NULL OR occurred_at >= make_timestamp($occurred_from))
    AND ($occurred_to IS NULL OR occurred_at < make_timestamp($occurred_to))
    AND ($project_id IS NULL OR project_id = $project_id)
    AND ($workflow IS NULL OR workflow_instance_id = $workflow::UUID)
    AND ($agent IS NULL OR agent_id = $agent)
    AND ($model IS NULL OR model = $model)
    AND (
        $after_sequence IS NULL
        OR sequence < $after_sequence
        OR (sequence = $after_sequence AND line > $after_line)
    )
ORDER BY sequence DESC, line
LIMIT $row_limit;
