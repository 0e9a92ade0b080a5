INSERT INTO tenant_changes
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    status,
    display_name,
    region,
    edition_name,
    edition_version,
    reason
FROM appender_data;
