"""What operators see of a worker: metrics, health, spans of decisions. Nothing here changes what is decided."""
