"""The verbs that speak to a server, one module each, over `conduix_tui.client`."""
