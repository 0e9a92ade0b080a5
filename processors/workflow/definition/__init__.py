"""The workflow definition language: a strict profile of the CNCF Serverless Workflow DSL 1.0."""
