INSERT INTO artifacts
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    artifact_id,
    name,
    artifact_type,
    version,
    content_hash,
    storage_ref,
    classification,
    produced_by_agent_id,
    produced_by_skill,
    task_id::UUID,
    workflow_instance_id::UUID,
    project_id,
    trace_id::UUID
FROM appender_data;
