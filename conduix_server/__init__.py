"""The control server (comes with part 2 of the plan)."""
