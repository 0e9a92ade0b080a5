SELECT topic, kafka_partition, next_offset
FROM projection_positions;
