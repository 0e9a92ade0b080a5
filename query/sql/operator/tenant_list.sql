SELECT
    tenant_heads.tenant_id,
    arg_max(status, tenant_changes.sequence) AS status,
    arg_max(display_name, tenant_changes.sequence) AS display_name,
    arg_max(region, tenant_changes.sequence) AS region,
    arg_max(edition_name, tenant_changes.sequence) AS edition_name,
    arg_max(edition_version, tenant_changes.sequence) AS edition_version,
    tenant_heads.sequence,
    tenant_heads.kafka_partition AS partition,
    tenant_heads.occurred_at AS changed_at
FROM tenant_heads
LEFT JOIN tenant_changes ON tenant_changes.tenant_id = tenant_heads.tenant_id
WHERE ($of IS NULL OR tenant_heads.tenant_id = $of)
    AND ($after_tenant_id IS NULL OR tenant_heads.tenant_id > $after_tenant_id)
GROUP BY ALL
ORDER BY tenant_heads.tenant_id
LIMIT $row_limit;
