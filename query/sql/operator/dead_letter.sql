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
WHERE source_topic = $source_topic
    AND source_partition = $source_partition
    AND source_offset = $source_offset;
