SELECT sequence, kafka_partition AS partition, occurred_at, hash AS chain_hash
FROM tenant_heads
WHERE tenant_id = $tenant_id;
