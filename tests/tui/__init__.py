"""The console, driven by keys."""
