CREATE TABLE dead_letters (
    source_topic VARCHAR NOT NULL,
    source_partition INTEGER NOT NULL,
    source_offset BIGINT NOT NULL,
    stage VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    appended_at TIMESTAMP NOT NULL,
    attempts INTEGER NOT NULL,
    record_key BLOB,
    record_value BLOB,
    headers VARCHAR NOT NULL,
    topic VARCHAR,
    kafka_partition INTEGER,
    kafka_offset BIGINT,
    PRIMARY KEY (source_topic, source_partition, source_offset)
);
