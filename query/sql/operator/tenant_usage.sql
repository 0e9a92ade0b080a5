-- The rollup of any tenant by everything it is asked by, for the check of a stranger.
-- Groups with the same newest fact differ by model and dimension alone, so these complete the key.
SELECT
    occurred_at::DATE::VARCHAR AS day,
    coalesce(project_id, '') AS project_id,
    coalesce('wf-' || workflow_instance_id, '') AS workflow_instance_id,
    agent_id,
    skill,
    provider || '/' || model AS model,
    dimension,
    sum(quantity)::BIGINT AS quantity,
    sum(cost_micros)::BIGINT AS cost_micros,
    max(sequence) AS sequence
FROM usage_lines
WHERE tenant_id = $of_tenant
    AND ($up_to IS NULL OR sequence <= $up_to)
GROUP BY ALL
HAVING $after_sequence IS NULL
    OR max(sequence) < $after_sequence
    OR (
        max(sequence) = $after_sequence
        AND (provider || '/' || model, dimension) > ($after_model, $after_dimension)
    )
ORDER BY sequence DESC, model, dimension
LIMIT $row_limit;
