INSERT INTO quota_entries
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    entry,
    reservation_id,
    project_id,
    agent_role,
    agent_id,
    dimension,
    reserved_change,
    used_change
FROM appender_data;
