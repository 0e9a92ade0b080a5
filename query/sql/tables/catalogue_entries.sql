CREATE TABLE catalogue_entries (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    asset_type VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    event_id UUID NOT NULL
);
