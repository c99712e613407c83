"""The whole life of an example through `conduix up`, as a user would live it."""
