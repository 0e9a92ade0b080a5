-- What the audit view holds of any tenant, in its order: for the check of a stranger.
SELECT
    sequence,
    'evt-' || event_id AS event_id,
    topic || ':' || kafka_partition || ':' || kafka_offset AS position
FROM audit
WHERE tenant_id = $of_tenant
    AND ($up_to IS NULL OR sequence <= $up_to)
    AND sequence > coalesce($after_sequence, 0)
ORDER BY sequence
LIMIT $row_limit;
