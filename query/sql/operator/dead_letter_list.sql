SELECT
    source_topic || ':' || source_partition || ':' || source_offset AS source,
    source_topic,
    source_partition,
    source_offset,
    stage,
    code,
    rule,
    field,
    appended_at,
    attempts,
    record_key,
    record_value,
    headers,
    topic || ':' || kafka_partition || ':' || kafka_offset AS position
FROM dead_letters
WHERE ($code IS NULL OR code = $code)
    AND ($stage IS NULL OR stage = $stage)
    AND (
        $after_source_topic IS NULL
        OR (source_topic, source_partition, source_offset)
        > ($after_source_topic, $after_source_partition, $after_source_offset)
    )
ORDER BY source_topic, source_partition, source_offset
LIMIT $row_limit;
