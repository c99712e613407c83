"""The servers' end of the mesh: sessions of agents carried over gRPC streams, commands, live taps and logs."""
