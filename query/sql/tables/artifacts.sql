CREATE TABLE artifacts (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    artifact_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    artifact_type VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL,
    storage_ref VARCHAR NOT NULL,
    classification VARCHAR NOT NULL,
    produced_by_agent_id VARCHAR NOT NULL,
    produced_by_skill VARCHAR NOT NULL,
    task_id UUID,
    workflow_instance_id UUID,
    project_id VARCHAR,
    trace_id UUID NOT NULL
);
