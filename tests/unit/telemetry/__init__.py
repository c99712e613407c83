"""What a running replica tells about itself."""
