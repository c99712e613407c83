"""The running flow: actors, mailboxes, barriers, checkpoints, supervision."""
