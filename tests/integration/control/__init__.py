"""The control side of a server: by real calls, on both databases."""
