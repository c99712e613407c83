"""AuthService: signing in, and API tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import partial

from conduix.errors import FailedPrecondition, NotFound, PermissionDenied, Resource, TokenRevoked
from conduix.rpc.interceptors import Context, current_call
from conduix.rpc.serving import Service
from conduix.v1 import auth_service_pb2 as pb
from conduix.v1.auth_service_pb2_grpc import AuthServiceServicer, add_AuthServiceServicer_to_server
from conduix.v1.common_pb2 import ROLE_UNSPECIFIED
from conduix_server.control.deeds import entry
from conduix_server.control.sign_in import SignedIn, SignIn, Visitor
from conduix_server.control.tokens import API_TOKEN, hash_of, new_secret
from conduix_server.policy import Role, UserPrincipal, current_user
from conduix_server.services.listing import page_info, page_request, parse_filter
from conduix_server.services.mutation import mutate
from conduix_server.store import audit, identities
from conduix_server.store.store import Store, new_id
from conduix_server.store.tables import ApiToken
from conduix_server.store.transaction import Transaction


class AuthServicer(AuthServiceServicer):
    """See the contract. `forget`: what is believed of callers is asked anew, for somebody's rights have ended here."""

    def __init__(self, store: Store, sign_in: SignIn, forget: Callable[[], None]) -> None:
        self._store = store
        self._sign_in = sign_in
        self._forget = forget

    def service(self) -> Service:
        """For the RPC server."""
        return Service("conduix.v1.AuthService", partial(add_AuthServiceServicer_to_server, self))

    async def Login(self, request: pb.LoginRequest, context: Context) -> pb.LoginResponse:
        """Every try that is not refused by its number is in the audit."""
        call = current_call()
        visitor = Visitor(request.username, call.address, call.metadata.get("user-agent", ""))

        async def note(tx: Transaction, user_id: str, outcome: str) -> None:
            who = f"user:{visitor.username.lower()}"
            await audit.record(tx, entry(tx, target=user_id, outcome=outcome, actor=who))

        return pb.LoginResponse(credentials=_credentials(await self._sign_in.login(visitor, request.password, note)))

    async def Refresh(self, request: pb.RefreshRequest, context: Context) -> pb.RefreshResponse:
        """A token that comes twice is in the audit."""

        async def note(tx: Transaction, session_id: str, outcome: str) -> None:
            await audit.record(tx, entry(tx, target=session_id, outcome=outcome))

        try:
            return pb.RefreshResponse(
                credentials=_credentials(await self._sign_in.refresh(request.refresh_token, note))
            )
        except TokenRevoked:
            self._forget()
            raise

    async def Logout(self, request: pb.LogoutRequest, context: Context) -> pb.LogoutResponse:
        """The session's tokens and streams end with it."""
        caller = current_user()
        if not caller.session_id:
            raise FailedPrecondition(
                "an API token has no session to end", remedy="revoke it: conduix tokens revoke, or RevokeApiToken"
            )

        async def end(tx: Transaction) -> pb.LogoutResponse:
            await identities.revoke_session(tx, caller.session_id)
            return pb.LogoutResponse()

        answer = await mutate(self._store, request, pb.LogoutResponse, end, target=lambda _: caller.session_id)
        self._forget()
        return answer

    async def GetMe(self, request: pb.GetMeRequest, context: Context) -> pb.GetMeResponse:
        """Whoever shows the token."""
        caller = current_user()
        kind = pb.CREDENTIAL_KIND_SESSION if caller.session_id else pb.CREDENTIAL_KIND_API_TOKEN
        return pb.GetMeResponse(
            user_id=caller.id,
            username=caller.username,
            role=caller.role.message,
            credential=kind,
            expires_at=caller.expires_at,
        )

    async def CreateApiToken(self, request: pb.CreateApiTokenRequest, context: Context) -> pb.CreateApiTokenResponse:
        """Its role is at most the caller's."""
        caller = current_user()
        role = caller.role if request.role == ROLE_UNSPECIFIED else Role.of_message(request.role)
        if not caller.role.covers(role):
            raise PermissionDenied(
                f"a token of {caller.username} can have the role {caller.role.value} at most",
                remedy=f"ask for {caller.role.value} or less",
            )
        secret, key = new_secret(API_TOKEN), new_id()

        async def add(tx: Transaction) -> pb.CreateApiTokenResponse:
            row = ApiToken(
                id=key,
                user_id=caller.id,
                name=request.name,
                token_hash=hash_of(secret),
                role=role.value,
                created_at=tx.now,
                expires_at=request.expires_at.ToDatetime(UTC) if request.HasField("expires_at") else None,
            )
            message = _api_token(row)
            await identities.add_api_token(tx, row)
            return pb.CreateApiTokenResponse(api_token=message, token=secret)

        return await mutate(
            self._store,
            request,
            pb.CreateApiTokenResponse,
            add,
            target=lambda answer: answer.api_token.id,
            secret=["token"],
        )

    async def ListApiTokens(self, request: pb.ListApiTokensRequest, context: Context) -> pb.ListApiTokensResponse:
        """Revoked ones too."""
        caller = current_user()
        parse_filter(request.paging)
        whose = None if caller.role is Role.ADMIN else caller.id
        async with self._store.reading() as tx:
            page = await identities.api_tokens(tx, whose, page_request(request.paging))
        return pb.ListApiTokensResponse(api_tokens=map(_api_token, page.items), page_info=page_info(page))

    async def RevokeApiToken(self, request: pb.RevokeApiTokenRequest, context: Context) -> pb.RevokeApiTokenResponse:
        """One's own; an admin anybody's."""
        caller = current_user()

        async def revoke(tx: Transaction) -> pb.RevokeApiTokenResponse:
            token = await identities.get_api_token(tx, request.id)
            if not _may_end(caller, token):
                raise NotFound(Resource.API_TOKEN, request.id)
            await identities.revoke_api_token(tx, request.id)
            return pb.RevokeApiTokenResponse()

        answer = await mutate(self._store, request, pb.RevokeApiTokenResponse, revoke, target=lambda _: request.id)
        self._forget()
        return answer


def _may_end(caller: UserPrincipal, token: ApiToken) -> bool:
    return token.user_id == caller.id or caller.role is Role.ADMIN


def _credentials(signed: SignedIn) -> pb.Credentials:
    return pb.Credentials(
        access_token=signed.access_token,
        refresh_token=signed.refresh_token,
        access_expires_at=signed.access_expires_at,
        session_expires_at=signed.session_expires_at,
    )


def _api_token(row: ApiToken) -> pb.ApiToken:
    return pb.ApiToken(
        id=row.id,
        name=row.name,
        role=Role(row.role).message,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
