"""What `conduix map` does on a terminal, without one."""
