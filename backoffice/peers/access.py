"""Who may say what: the role × message matrix, deny by default.

Roles belong to devices and were fixed at enrolment. A message that is not in its sender's column is
refused with `E_FORBIDDEN` before anything looks inside it.
"""

from __future__ import annotations

from typing import Final

from wire.messages.case import (
    CancelCase,
    ContinueLater,
    Delivered,
    GetCase,
    GetSlip,
    GiveLivePhoto,
    RefuseSlip,
    SignSlip,
    SlipShown,
    Submit,
    SubmitRescan,
)
from wire.messages.desk import (
    AskLivePhoto,
    ClaimCase,
    Decide,
    JudgeReview,
    ListReviews,
    NextCase,
    OpenReview,
    ReleaseCase,
    RenewClaim,
    WatchQueue,
)
from wire.messages.figures import GetFigures
from wire.messages.identity import CheckIdentity
from wire.messages.images import GetChunk, OfferImages, PutChunk
from wire.messages.lookups import ListItems, ProveCode, ProveColleague, SendCode
from wire.messages.offers import Recommend
from wire.messages.policy import GetPolicy, PolicyHistory, RollbackPolicy, SetPolicy
from wire.messages.rejections import GetRejection
from wire.messages.session import (
    GetTree,
    Invite,
    ListProducts,
    Revoke,
    Role,
    SignIn,
    SignOut,
)
from wire.messages.settlement import InquireManual, ListManual, OpenManual, SettleManual

ALLOWED: Final[dict[Role, frozenset[type]]] = {
    Role.TERMINAL: frozenset(
        {
            SignIn,
            SignOut,
            ListProducts,
            CheckIdentity,
            ListItems,
            ProveColleague,
            SendCode,
            ProveCode,
            Recommend,
            OfferImages,
            PutChunk,
            Submit,
            GetCase,
            GetSlip,
            GiveLivePhoto,
            SlipShown,
            SignSlip,
            RefuseSlip,
            CancelCase,
            ContinueLater,
            Delivered,
            SubmitRescan,
        }
    ),
    Role.DESK: frozenset(
        {
            SignIn,
            SignOut,
            WatchQueue,
            ClaimCase,
            NextCase,
            AskLivePhoto,
            RenewClaim,
            ReleaseCase,
            Decide,
            ListReviews,
            OpenReview,
            JudgeReview,
            GetChunk,
            GetFigures,
            GetRejection,
            ListManual,
            OpenManual,
            InquireManual,
            SettleManual,
        }
    ),
    Role.OPERATOR: frozenset(
        {
            GetTree,
            Invite,
            Revoke,
            GetPolicy,
            SetPolicy,
            PolicyHistory,
            RollbackPolicy,
            ListManual,
            OpenManual,
            InquireManual,
            SettleManual,
        }
    ),
}
"""Role → the messages that it may send."""

UPWARD = (
    SignIn
    | SignOut
    | ListProducts
    | CheckIdentity
    | ListItems
    | ProveColleague
    | SendCode
    | ProveCode
    | Recommend
    | OfferImages
    | PutChunk
    | Submit
    | GetCase
    | GetSlip
    | GiveLivePhoto
    | SlipShown
    | SignSlip
    | RefuseSlip
    | CancelCase
    | ContinueLater
    | Delivered
    | SubmitRescan
    | WatchQueue
    | ClaimCase
    | NextCase
    | AskLivePhoto
    | RenewClaim
    | ReleaseCase
    | Decide
    | ListReviews
    | OpenReview
    | JudgeReview
    | GetChunk
    | GetFigures
    | GetRejection
    | GetTree
    | Invite
    | Revoke
    | GetPolicy
    | SetPolicy
    | PolicyHistory
    | RollbackPolicy
    | ListManual
    | OpenManual
    | InquireManual
    | SettleManual
)
"""Everything that an office accepts from any peer."""


def allowed(role: Role, message: type) -> bool:
    """Whether a device of this role may send this message."""
    return message in ALLOWED[role]


__all__ = ["ALLOWED", "UPWARD", "allowed"]
