"""The whole system on one machine: broker, topics, workers, query side, feed and reference agents as processes."""
