"""The Workflow Orchestration context."""
