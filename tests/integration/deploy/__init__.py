"""What is in deploy/: understood by the tools that read it, and runs."""
