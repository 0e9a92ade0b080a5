-- Published versions of the tenant's own assets and of those shared by system.
SELECT
    tenant_id AS owner,
    asset_type,
    name,
    version,
    description,
    'evt-' || event_id AS event_id,
    occurred_at AS published_at,
    sequence
FROM catalogue_entries
WHERE tenant_id IN ($tenant_id, 'system')
    AND ($asset_type IS NULL OR asset_type = $asset_type)
    AND ($name IS NULL OR name = $name)
    AND (
        $after_sequence IS NULL
        OR sequence < $after_sequence
        OR (sequence = $after_sequence AND tenant_id > $after_owner)
    )
ORDER BY sequence DESC, owner
LIMIT $row_limit;
