"""Parts of the server that need neither database nor network."""
