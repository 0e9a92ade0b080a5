INSERT INTO policy_decisions
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
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
    workflow_instance_id::UUID,
    task_id::UUID,
    trace_id::UUID
FROM appender_data;
