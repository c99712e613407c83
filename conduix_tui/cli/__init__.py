"""The `conduix` command."""
