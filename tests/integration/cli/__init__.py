"""The verbs of a server, against a real `conduix up`."""
