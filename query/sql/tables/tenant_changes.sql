CREATE TABLE tenant_changes (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    status VARCHAR,
    display_name VARCHAR,
    region VARCHAR,
    edition_name VARCHAR,
    edition_version VARCHAR,
    reason VARCHAR
);
