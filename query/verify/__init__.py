"""The check of a stranger: reads every topic with nothing but the schemas and says what does not hold.

Each check is one module with one pure function from a read-only log of one Kafka partition to findings. A tenant lies
on one partition, so one partition at a time is enough, and memory is bounded by it.
"""
