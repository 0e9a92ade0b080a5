-- Each movement of a ledger with the instant that names its window: that of its reservation (settled.md 22).
CREATE VIEW quota_movements AS
WITH reservations AS (
    SELECT tenant_id, reservation_id, min(occurred_at) AS reserved_at
    FROM quota_entries
    WHERE entry = 'Reserved'
    GROUP BY ALL
)

SELECT
    quota_entries.tenant_id,
    quota_entries.sequence,
    coalesce(reservations.reserved_at, quota_entries.occurred_at) AS window_at,
    quota_entries.project_id,
    quota_entries.agent_role,
    quota_entries.agent_id,
    quota_entries.dimension,
    quota_entries.reserved_change,
    quota_entries.used_change
FROM quota_entries
LEFT JOIN reservations
    ON reservations.tenant_id = quota_entries.tenant_id
    AND reservations.reservation_id = quota_entries.reservation_id;
