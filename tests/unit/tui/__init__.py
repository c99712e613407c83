"""The console's parts, without a server."""
