"""The runtime: mailboxes, supervision, barriers, commits, rewinds."""
