"""Connectors against real files, pipes and disks."""
