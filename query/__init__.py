"""What can be asked: DuckDB views of the facts, the HTTP API over them, and the check of a stranger.

DuckDB allows one process to hold a database file, so the projector (Kafka to DuckDB) and the API live in one
process; that is a design fact, not an accident (reliability.md §2.2). Kafka is the truth and the file a view of
it: on any doubt it is set aside and built again from offset 0. Never imports processors or streams.
"""
