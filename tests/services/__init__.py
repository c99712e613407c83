"""Real servers for tests: installed where missing, started as child processes on free loopback ports."""
