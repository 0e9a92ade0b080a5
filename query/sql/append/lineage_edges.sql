INSERT INTO lineage_edges
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    from_type,
    from_id,
    to_type,
    to_id,
    edge_type
FROM appender_data;
