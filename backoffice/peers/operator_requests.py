"""What an operator may ask: the live tree, an invitation, a revocation, the routing policy."""

from __future__ import annotations

from backoffice.office import Office
from backoffice.peers.admission import Admission
from backoffice.peers.devices import INVITATION_S, Device, InviteDevice, RevokeDevice, Ticket
from wire.keys import CODE_BYTES, Invitation
from wire.message import Code, Refusal
from wire.messages.policy import GetPolicy, PolicyHistory, RollbackPolicy, SetPolicy
from wire.messages.session import GetTree, Invite, Invited, Revoke, Revoked, TreeSnapshot

PolicyRequest = GetPolicy | SetPolicy | PolicyHistory | RollbackPolicy
OperatorRequest = GetTree | Invite | Revoke | PolicyRequest


class OperatorRequests:
    """Answers operators, and makes the first invitations when an office is set up."""

    def __init__(self, office: Office, admission: Admission) -> None:
        self._office = office
        self._admission = admission

    async def answer(self, device: Device, request: OperatorRequest) -> object:
        """The reply or a refusal."""
        match request:
            case GetTree():
                return TreeSnapshot(self._office.tree())
            case Invite():
                return await self.invite(device.device, request)
            case Revoke(device=name):
                return await self._revoke(device, name)
            case PolicyHistory():
                return await self._office.ask(self._office.policy, device.device, request)
            case GetPolicy() | SetPolicy() | RollbackPolicy():
                return await self._office.ask(self._office.policy, device.device, request)

    async def invite(self, who: str, request: Invite) -> Invited | Refusal:
        """Open an invitation; its code is shown once and kept only as the handshake's key."""
        office = self._office
        code = office.outside.entropy(CODE_BYTES)
        name = office.outside.ids.new()
        invitation = Invitation(office.address(), office.keys.noise.public, name, code)
        ticket = Ticket(
            ticket=name,
            psk=invitation.psk,
            device=request.name,
            role=request.role,
            outlet=request.outlet,
            union=request.union,
            expires_ms=office.outside.wall.now_ms() + INVITATION_S * 1000,
        )
        answer = await office.ask(office.devices, who, InviteDevice(ticket))
        if isinstance(answer, Refusal):
            return answer
        self._admission.invited(ticket)
        return Invited(invitation.to_uri())

    async def _revoke(self, operator: Device, name: str) -> Revoked | Refusal:
        if name == operator.device:
            return Refusal(Code.FORBIDDEN, "不能停用自己正在使用的密钥")
        answer = await self._office.ask(self._office.devices, operator.device, RevokeDevice(name))
        if isinstance(answer, Refusal):
            return answer
        self._office.close_session(answer)
        return Revoked(name)


__all__ = ["OperatorRequest", "OperatorRequests"]
