"""The session between agent and server, against drawn histories and in its single rules."""
