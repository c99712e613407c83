"""Agents: their host with real workers, their link with real gRPC, both as a program."""
