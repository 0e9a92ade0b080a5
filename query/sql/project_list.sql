SELECT
    project_id,
    arg_max(status, sequence) AS status,
    arg_max(name, sequence) AS name,
    arg_max(intent, sequence) AS intent,
    arg_max(origin, sequence) AS origin,
    arg_max(owner_principal_id, sequence) AS owner_principal_id,
    replace(min_by(trace_id, sequence)::VARCHAR, '-', '') AS trace_id,
    min(occurred_at) AS created_at,
    max(occurred_at) AS changed_at,
    min(sequence) AS created_sequence
FROM project_changes
WHERE tenant_id = $tenant_id
GROUP BY project_id
HAVING $after_created_sequence IS NULL OR min(sequence) < $after_created_sequence
ORDER BY created_sequence DESC
LIMIT $row_limit;
