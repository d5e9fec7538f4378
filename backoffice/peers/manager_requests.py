"""What a manager may ask at a desk: figures of their union, and why a case was rejected."""

from __future__ import annotations

from backoffice.cases import rejections
from backoffice.management.manager import NO_MANAGER
from backoffice.office import Office
from backoffice.peers.devices import Device, ListDevices
from wire.message import Refusal
from wire.messages.figures import GetFigures
from wire.messages.rejections import GetRejection, reference_of

ManagerRequest = GetFigures | GetRejection


async def answer_manager(office: Office, device: Device, request: ManagerRequest) -> object:
    """The reply or a refusal."""
    caller = office.caller(device)
    if isinstance(caller, Refusal):
        return caller
    if not caller.staff.manager:
        return NO_MANAGER
    if isinstance(request, GetRejection):
        reference = reference_of(request.reference)
        return rejections.found(
            await office.store.document(rejections.collection(device.union), reference)
        )
    known = await office.ask(office.devices, caller.staff.staff_id, ListDevices(device.union))
    if isinstance(known, Refusal):
        return known
    return await office.managers.view(device.union, known.devices, request)


__all__ = ["ManagerRequest", "answer_manager"]
