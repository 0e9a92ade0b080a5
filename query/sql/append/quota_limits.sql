INSERT INTO quota_limits
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    ledger_id,
    dimension,
    window_name,
    limit_amount,
    is_hard,
    warn_at_percent,
    source,
    is_override
FROM appender_data;
