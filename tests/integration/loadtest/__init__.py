"""The load test against a real server."""
