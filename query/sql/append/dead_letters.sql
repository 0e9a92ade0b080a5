INSERT OR REPLACE INTO dead_letters
SELECT
    source_topic,
    source_partition,
    source_offset,
    stage,
    code,
    rule,
    field,
    make_timestamp(appended_at),
    attempts,
    record_key,
    record_value,
    headers,
    topic,
    kafka_partition,
    kafka_offset
FROM appender_data;
