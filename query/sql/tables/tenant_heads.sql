CREATE TABLE tenant_heads (
    tenant_id VARCHAR NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    kafka_partition INTEGER NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    hash BLOB
);
