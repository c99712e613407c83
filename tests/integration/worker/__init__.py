"""Worker processes, as an agent starts them."""
