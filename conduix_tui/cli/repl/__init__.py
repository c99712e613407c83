"""`conduix map` on a terminal: mappings that are entered, each run against a sample record at once."""
