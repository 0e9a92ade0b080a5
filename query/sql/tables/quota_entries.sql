CREATE TABLE quota_entries (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    entry VARCHAR NOT NULL,
    reservation_id VARCHAR,
    project_id VARCHAR,
    agent_role VARCHAR,
    agent_id VARCHAR,
    dimension VARCHAR NOT NULL,
    reserved_change BIGINT NOT NULL,
    used_change BIGINT NOT NULL
);
