CREATE TABLE quota_limits (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    ledger_id VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,
    window_name VARCHAR NOT NULL,
    limit_amount BIGINT,
    is_hard BOOLEAN NOT NULL,
    warn_at_percent INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    is_override BOOLEAN NOT NULL
);
