"""The operator's client: the servers that are known here, signing in, calls, streams that outlive a server.

The command line and the console stand on it. gRPC is imported by `client`, not by `contexts`.
"""
