SELECT
    ledger_id,
    dimension,
    window_name AS window,
    window_start,
    limit_amount AS limit,
    is_hard,
    warn_at_percent,
    source,
    used,
    reserved,
    since
FROM quota_states
WHERE tenant_id = $tenant_id
    AND ($dimension IS NULL OR dimension = $dimension)
    AND ($ledger IS NULL OR ledger_id = $ledger)
ORDER BY ledger_id = 'tenant' DESC, ledger_id, dimension, window_name
LIMIT $row_limit;
