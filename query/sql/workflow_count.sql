SELECT count(*) AS count
FROM workflow_states
WHERE tenant_id = $tenant_id
    AND ($status IS NULL OR status = $status)
    AND ($definition IS NULL OR definition_name = $definition)
    AND ($project_id IS NULL OR project_id = $project_id)
    AND ($started_from IS NULL OR started_at >= make_timestamp($started_from))
    AND ($started_to IS NULL OR started_at < make_timestamp($started_to));
