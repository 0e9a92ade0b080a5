-- Tenants whose audit rows are not exactly 1…head.
WITH rows_of AS (
    SELECT tenant_id, count(*) AS row_count, min(sequence) AS oldest, max(sequence) AS newest
    FROM audit
    GROUP BY tenant_id
)
SELECT
    coalesce(rows_of.tenant_id, tenant_heads.tenant_id) AS tenant_id,
    coalesce(row_count, 0) AS row_count,
    coalesce(newest, 0) AS newest,
    coalesce(tenant_heads.sequence, 0) AS head
FROM rows_of
FULL JOIN tenant_heads ON tenant_heads.tenant_id = rows_of.tenant_id
WHERE row_count IS DISTINCT FROM tenant_heads.sequence
    OR newest IS DISTINCT FROM tenant_heads.sequence
    OR oldest IS DISTINCT FROM 1
ORDER BY tenant_id;
