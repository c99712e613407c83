"""The server: who may call it, how it is started, and what it says when it cannot be."""
