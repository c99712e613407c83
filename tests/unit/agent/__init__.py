"""The host of an agent without processes where it can be, and its worker processes."""
