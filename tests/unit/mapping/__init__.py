"""The mapping language's front and its reference interpreter."""
