"""The parts of the link, each alone."""
