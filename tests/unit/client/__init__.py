"""The operator's client, against a server that speaks the real contract."""
