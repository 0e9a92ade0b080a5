SELECT 1 AS known
FROM lineage_edges
WHERE tenant_id = $tenant_id
    AND ((from_type = $node_type AND from_id = $node_id) OR (to_type = $node_type AND to_id = $node_id))
LIMIT 1;
