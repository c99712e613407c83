"""What the server decides: documents, placement, desired state, operations, and what agents report of it."""
