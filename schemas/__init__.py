"""What is on the wire: Avro schemas, the codec, the registry. Imports nothing of ours."""
