SELECT
    decision_id,
    effect,
    action,
    resource,
    principal_id,
    roles,
    bundle_hash,
    bundle_version,
    determining_rules,
    obligations,
    errors,
    shadow_effect,
    shadow_rules,
    context_digest,
    context,
    'wf-' || workflow_instance_id AS workflow_instance_id,
    'task-' || task_id AS task_id,
    replace(trace_id::VARCHAR, '-', '') AS trace_id,
    occurred_at AS decided_at,
    sequence
FROM policy_decisions
WHERE tenant_id = $tenant_id
    AND workflow_instance_id = $workflow_instance_id::UUID
ORDER BY sequence DESC
LIMIT $row_limit;
