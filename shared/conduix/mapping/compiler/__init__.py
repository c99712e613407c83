"""From steps to Python: the paths that they read, the types that values can have, one function a batch."""
