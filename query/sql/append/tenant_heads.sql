INSERT OR REPLACE INTO tenant_heads
SELECT tenant_id, sequence, kafka_partition, make_timestamp(occurred_at), hash
FROM appender_data;
