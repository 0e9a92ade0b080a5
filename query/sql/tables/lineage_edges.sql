CREATE TABLE lineage_edges (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    from_type VARCHAR NOT NULL,
    from_id VARCHAR NOT NULL,
    to_type VARCHAR NOT NULL,
    to_id VARCHAR NOT NULL,
    edge_type VARCHAR NOT NULL
);
