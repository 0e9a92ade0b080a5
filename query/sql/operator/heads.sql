SELECT tenant_id, sequence, kafka_partition AS partition, epoch_us(occurred_at) AS occurred_at, hash
FROM tenant_heads
ORDER BY tenant_id;
