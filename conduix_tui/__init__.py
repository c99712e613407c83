"""The terminal programs: the `conduix` command now, the console with part 3 of the plan."""
