"""How a signed slip becomes the office's own, and may be drawn again for ever: rules only.

The case keeps the office's countersignature beside the customer's (`SlipSealed`), so that a slip
is a function of the case's history. Nothing is drawn for it: a picture is made when somebody wants
to see one (`slips.desk`), and is the same each time.
"""

from __future__ import annotations

from typing import Final

from backoffice.cases.events import Seal, SlipSealed
from backoffice.cases.record import Case
from backoffice.slips.proof import SlipProof
from wire.message import Code, Refusal

NOT_SEALED: Final = Refusal(Code.STATE, "该业务没有客户签字的确认单，或确认单尚未生效。")
NOT_YOURS: Final = Refusal(Code.NOT_FOUND, "没有找到该业务", "case_id")


def keep_seal(case: Case, seal: Seal, now_ms: int) -> tuple[SlipSealed, ...]:
    """What the office's countersignature leads to; a second one to nothing."""
    return () if case.seal is not None else (SlipSealed(now_ms, seal),)


def proof_of(case: Case, device: str = "") -> SlipProof | Refusal:
    """The slip with everything that was signed.

    Args:
        device: whose case it must be; empty for the office's own.

    Returns:
        The proof, `E_NOT_FOUND` for another device's case, or `E_STATE` where nothing was sealed.
    """
    if device not in ("", case.filed.device):
        return NOT_YOURS
    if case.slip is None or case.signed is None or case.seal is None:
        return NOT_SEALED
    return SlipProof(
        layout=case.seal.layout,
        slip=case.slip,
        ink=case.signed.ink,
        signed_ms=case.signed.signed_ms,
        taken_ms=case.signed.at_ms,
        results=case.seal.results,
        device=case.filed.device,
        device_key=case.seal.device_key,
        device_signature=case.signed.signature,
        office_key=case.seal.office_key,
        office_signature=case.seal.signature,
    )


__all__ = ["NOT_SEALED", "NOT_YOURS", "keep_seal", "proof_of"]
