-- Rolled up on reading: always the sum of its lines, whatever came late.
SELECT
    occurred_at::DATE AS day,
    coalesce(
        CASE $group_by
            WHEN 'project' THEN project_id
            WHEN 'workflow' THEN 'wf-' || workflow_instance_id
            WHEN 'agent' THEN agent_id
            WHEN 'skill' THEN skill
            WHEN 'model' THEN provider || '/' || model
        END,
        ''
    ) AS group_id,
    currency,
    sum(quantity) FILTER (WHERE dimension = 'tokens.input') AS input_tokens,
    sum(quantity) FILTER (WHERE dimension = 'tokens.output') AS output_tokens,
    count(DISTINCT invocation_id) AS calls,
    sum(cost_micros) AS cost
FROM usage_lines
WHERE tenant_id = $tenant_id
    AND occurred_at >= make_timestamp($occurred_from)
    AND occurred_at < make_timestamp($occurred_to)
GROUP BY ALL
ORDER BY day, cost DESC, group_id, currency
LIMIT $row_limit;
