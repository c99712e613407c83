"""The `conduix` command: one module a verb, each importing what is heavy only when it runs."""
