"""The agent that runs pipelines on a host (comes with part 2 of the plan)."""
