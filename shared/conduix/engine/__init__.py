"""The engine: protocols, catalogue, stages, connectors and the runtime."""
