-- What came from a node, breadth first; the tenant's edges are narrowed first, a node is walked once.
WITH RECURSIVE own AS (
    SELECT DISTINCT from_type, from_id, to_type, to_id, edge_type
    FROM lineage_edges
    WHERE tenant_id = $tenant_id
),

walk(node_type, node_id, depth) USING KEY (node_type, node_id) AS (
    SELECT $node_type, $node_id, 0
    UNION
    SELECT own.from_type, own.from_id, min(walk.depth) + 1
    FROM walk
    INNER JOIN own ON own.to_type = walk.node_type AND own.to_id = walk.node_id
    LEFT JOIN recurring.walk AS met ON met.node_type = own.from_type AND met.node_id = own.from_id
    WHERE walk.depth < $depth AND met.node_id IS NULL
    GROUP BY own.from_type, own.from_id
)

SELECT own.from_type, own.from_id, own.to_type, own.to_id, own.edge_type, walk.depth + 1 AS depth
FROM walk
INNER JOIN own ON own.to_type = walk.node_type AND own.to_id = walk.node_id
WHERE walk.depth < $depth
ORDER BY depth, own.edge_type, own.from_id, own.to_id
LIMIT $row_limit;
