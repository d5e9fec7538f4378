"""Signing in and out: binds a member of staff to a device, durably, after a proof."""

from __future__ import annotations

from backoffice.office import Office
from backoffice.peers.devices import BindStaff, Device, UnbindStaff
from wire.message import Code, Refusal
from wire.messages.session import SignedOut, SignIn, SignOut, StaffCard

SignInRequest = SignIn | SignOut


async def answer_sign_in(
    office: Office, device: Device, request: SignInRequest
) -> StaffCard | SignedOut | Refusal:
    """Bind or unbind; staff sign in at their own union's devices only."""
    if isinstance(request, SignOut):
        answer = await office.ask(office.devices, device.device, UnbindStaff(device.device))
        return answer if isinstance(answer, Refusal) else SignedOut()
    member = await office.roster.prove(
        request.staff_id, request.passcode, device.role, device.device
    )
    if isinstance(member, Refusal):
        return member
    if member.card.union != device.union:
        return Refusal(Code.FORBIDDEN, "该设备不属于您所在的联社")
    bind = BindStaff(device.device, member.card)
    answer = await office.ask(office.devices, request.staff_id, bind)
    return answer if isinstance(answer, Refusal) else member.card


__all__ = ["SignInRequest", "answer_sign_in"]
