"""One module a kind of task: how a running step of it begins, and what the end of a list inside it means."""
