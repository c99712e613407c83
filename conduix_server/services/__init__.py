"""Servicers: a request of the contract in, a message out; decisions are made in `conduix_server.control`."""
