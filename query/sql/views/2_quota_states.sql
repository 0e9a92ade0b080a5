-- The limits in force and what counts against each, in the window of the tenant's newest visible fact.
-- A limit set for the tenant or a project stands over the edition's until it is withdrawn (source edition again).
CREATE VIEW quota_states AS
WITH ranked AS (
    SELECT
        *,
        min(sequence) OVER (PARTITION BY tenant_id, ledger_id, dimension, window_name) AS first_sequence,
        max(sequence) FILTER (WHERE is_override)
            OVER (PARTITION BY tenant_id, ledger_id, dimension, window_name) AS override_sequence
    FROM quota_limits
),

in_force AS (
    SELECT *
    FROM ranked
    QUALIFY row_number() OVER (
        PARTITION BY tenant_id, ledger_id, dimension, window_name
        ORDER BY coalesce(sequence = override_sequence AND source <> 'edition', false) DESC, sequence DESC
    ) = 1
),

windows AS (
    SELECT
        in_force.*,
        CASE window_name
            WHEN 'none' THEN make_timestamp(0)
            ELSE date_trunc(window_name, tenant_heads.occurred_at)
        END AS window_start
    FROM in_force
    INNER JOIN tenant_heads ON tenant_heads.tenant_id = in_force.tenant_id
    WHERE limit_amount IS NOT NULL
)

SELECT
    windows.tenant_id,
    windows.ledger_id,
    windows.dimension,
    windows.window_name,
    windows.window_start,
    windows.limit_amount,
    windows.is_hard,
    windows.warn_at_percent,
    windows.source,
    windows.occurred_at AS since,
    coalesce(sum(used_change) FILTER (WHERE quota_movements.sequence > windows.first_sequence), 0)::BIGINT AS used,
    coalesce(sum(reserved_change), 0)::BIGINT AS reserved
FROM windows
LEFT JOIN quota_movements
    ON quota_movements.tenant_id = windows.tenant_id
    AND quota_movements.dimension = windows.dimension
    AND quota_movements.window_at >= windows.window_start
    AND (
        windows.ledger_id = 'tenant'
        OR windows.ledger_id = quota_movements.project_id
        OR windows.ledger_id = 'role:' || quota_movements.agent_role
        OR windows.ledger_id = 'agent:' || quota_movements.agent_id
    )
GROUP BY ALL;
