INSERT OR REPLACE INTO projection_positions
SELECT topic, kafka_partition, next_offset
FROM appender_data;
