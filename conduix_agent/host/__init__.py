"""What an agent keeps on its host, and the processes that it runs there."""
