"""What a manager may ask at a desk: the figures of their union."""

from __future__ import annotations

from backoffice.management.manager import NO_MANAGER
from backoffice.office import Office
from backoffice.peers.devices import Device, ListDevices
from wire.message import Refusal
from wire.messages.figures import GetFigures

ManagerRequest = GetFigures


async def answer_manager(office: Office, device: Device, request: ManagerRequest) -> object:
    """The reply or a refusal."""
    caller = office.caller(device)
    if isinstance(caller, Refusal):
        return caller
    if not caller.staff.manager:
        return NO_MANAGER
    known = await office.ask(office.devices, caller.staff.staff_id, ListDevices(device.union))
    if isinstance(known, Refusal):
        return known
    return await office.managers.view(device.union, known.devices, request)


__all__ = ["ManagerRequest", "answer_manager"]
