INSERT INTO project_changes
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    project_id,
    status,
    name,
    intent,
    origin,
    owner_principal_id,
    trace_id::UUID
FROM appender_data;
