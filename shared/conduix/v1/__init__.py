"""The gRPC contract in Python: stubs made from `proto/conduix/v1` by `make proto`, none by hand."""

import conduix.rpc as _before_grpc  # noqa: F401 - sets what gRPC reads when the stubs import it
