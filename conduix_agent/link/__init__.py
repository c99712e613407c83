"""The link: who this agent is, its durable state, and its way to the servers."""
