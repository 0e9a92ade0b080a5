CREATE TABLE project_changes (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    project_id VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    name VARCHAR,
    intent VARCHAR,
    origin VARCHAR,
    owner_principal_id VARCHAR,
    trace_id UUID NOT NULL
);
