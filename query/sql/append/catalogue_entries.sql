INSERT INTO catalogue_entries
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    asset_type,
    name,
    version,
    description,
    event_id::UUID
FROM appender_data;
