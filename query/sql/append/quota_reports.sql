INSERT INTO quota_reports
SELECT
    tenant_id,
    sequence,
    make_timestamp(occurred_at),
    report,
    ledger_id,
    dimension,
    window_name,
    limit_amount,
    used,
    reserved,
    amount
FROM appender_data;
