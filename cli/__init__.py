"""The `trackloop` command."""
