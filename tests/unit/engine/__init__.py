"""Tests of the engine's parts outside the runtime."""
