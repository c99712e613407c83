"""The gRPC contract in Python: stubs made from `proto/conduix/v1` by `make proto`; nothing in them is written by hand."""

import conduix.rpc as _before_grpc  # noqa: F401 - sets what gRPC reads when the stubs import it
