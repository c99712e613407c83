"""The session between agent and server, without sockets and without a clock: `receive(message, now)` gives effects.

`agent_session` and `server_session` are the two ends; `admission` decides who is let in; `commands` and `dispatch` run
a command at most once; `reports`, `spool` and `intake` bring what an agent has to say; `lanes` lets control go first.
`docs/mesh.md` tells what whoever carries the messages has to do.
"""
