"""Many agents in one process: the real session over real streams, with nothing on disk and nothing to run."""
