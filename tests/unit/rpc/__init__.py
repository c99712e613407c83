"""Tests of `conduix.rpc`: real servers on loopback."""
