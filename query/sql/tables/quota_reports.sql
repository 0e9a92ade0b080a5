CREATE TABLE quota_reports (
    tenant_id VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL,
    report VARCHAR NOT NULL,
    ledger_id VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,
    window_name VARCHAR NOT NULL,
    limit_amount BIGINT NOT NULL,
    used BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    amount BIGINT
);
