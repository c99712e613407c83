"""The server's database: the truth about pipelines, agents, people and what is to be done."""
