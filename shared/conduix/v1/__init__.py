"""The gRPC contract in Python: stubs made from `proto/conduix/v1` by `make proto`; nothing here is written by hand."""
