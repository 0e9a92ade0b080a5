-- The rollup of any tenant by everything it is asked by, for the check of a stranger.
-- Groups with the same newest fact differ by model and dimension alone, so these complete the key.
WITH rollup AS (
    SELECT
        occurred_at::DATE::VARCHAR AS day,
        coalesce(project_id, '') AS project_id,
        coalesce('wf-' || workflow_instance_id, '') AS workflow_instance_id,
        agent_id,
        skill,
        provider || '/' || model AS priced_model,
        dimension,
        sum(quantity)::BIGINT AS quantity,
        sum(cost_micros)::BIGINT AS cost_micros,
        max(sequence) AS sequence
    FROM usage_lines
    WHERE tenant_id = $of_tenant
        AND ($up_to IS NULL OR sequence <= $up_to)
    GROUP BY ALL
)

SELECT
    day,
    project_id,
    workflow_instance_id,
    agent_id,
    skill,
    priced_model AS model,
    dimension,
    quantity,
    cost_micros,
    sequence
FROM rollup
WHERE $after_sequence IS NULL
    OR sequence < $after_sequence
    OR (sequence = $after_sequence AND (priced_model, dimension) > ($after_model, $after_dimension))
ORDER BY sequence DESC, model, dimension
LIMIT $row_limit;
