"""UserService: people."""

from __future__ import annotations

from functools import partial

from conduix.rpc.interceptors import Context
from conduix.rpc.serving import Service
from conduix.v1 import user_service_pb2 as pb
from conduix.v1.user_service_pb2_grpc import UserServiceServicer, add_UserServiceServicer_to_server
from conduix_server.control.passwords import Passwords
from conduix_server.policy import Role
from conduix_server.services.listing import page_info, page_request, parse_filter
from conduix_server.services.mutation import mutate
from conduix_server.store import identities
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import User
from conduix_server.store.transaction import Transaction


class UserServicer(UserServiceServicer):
    """See the contract."""

    def __init__(self, store: Store, passwords: Passwords) -> None:
        self._store = store
        self._passwords = passwords

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.UserService", partial(add_UserServiceServicer_to_server, self))

    async def ListUsers(self, request: pb.ListUsersRequest, context: Context) -> pb.ListUsersResponse:
        """Without what they sign in with."""
        parse_filter(request.paging)
        async with self._store.reading() as tx:
            page = await identities.users(tx, page_request(request.paging))
        return pb.ListUsersResponse(users=map(_user, page.items), page_info=page_info(page))

    async def CreateUser(self, request: pb.CreateUserRequest, context: Context) -> pb.CreateUserResponse:
        """The password is hashed before the transaction, which may be run several times."""
        hashed, key = await self._passwords.hash(request.password), new_id()

        async def add(tx: Transaction) -> pb.CreateUserResponse:
            row = User(
                id=key,
                username=request.username,
                email=request.email or None,
                name=request.username,
                role=Role.of_message(request.role).value,
                created_at=tx.now,
                password_hash=hashed,
            )
            return pb.CreateUserResponse(user=_user(await identities.add_user(tx, row)))

        return await mutate(self._store, request, pb.CreateUserResponse, add, target=lambda answer: answer.user.id)


def _user(row: User) -> pb.User:
    return pb.User(
        id=row.id,
        username=row.username,
        email=row.email or "",
        role=Role(row.role).message,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
    )
