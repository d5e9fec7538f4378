"""The desk client, put together: a session with the office, authorizer, reviews and figures.

    /desk                one_for_one
      link               the session with the office
      tending            fetches images of the open case and keeps its claim
      reviews            keeps the list of reviews and fetches images of the open one
      figures            asks for a manager's figures again while they are shown

Everything outside comes in through `Setup`, so that the same desk runs at a workplace and inside a
simulation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from actors import BackgroundProcess, System, open_system
from actors.ports import Outside
from backoffice.desk.authorizer import SIGN_IN_FIRST, Authorizer
from backoffice.desk.figures import FiguresBoard
from backoffice.desk.link import REQUEST_S_MAX, DeskLink
from backoffice.desk.page_model import (
    Asked,
    Command,
    DeskState,
    FiguresDeed,
    FindRejection,
    ReviewsDeed,
    SignInHere,
    SignOutHere,
)
from backoffice.desk.reviews import ReviewDesk
from supervisors import (
    ChildSpec,
    Intensity,
    Strategy,
    SupervisorSpec,
    Tree,
    open_tree,
)
from wire.backoff import Backoff
from wire.channel import Dialer
from wire.client import Introduction
from wire.hello import Credentials
from wire.keys import DeviceKeys
from wire.message import Message, Refusal
from wire.messages.rejections import GetRejection
from wire.office_link import OfficeLink

NAME: Final = "desk"
LINK_BACKOFF: Final = Backoff(first_s=0.5, most_s=15.0)


class WatchAgain(Message, frozen=True):
    """Somebody signed in: ask for the queue as they may see it."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a desk is made of.

    Attributes:
        device: its id, as the office named it.
        watch: called after every change that a page would show.
        welcomed: called when the office can be reached.
    """

    device: str
    outside: Outside
    keys: DeviceKeys
    credentials: Credentials
    introduction: Introduction
    address: str
    dialer: Dialer
    watch: Callable[[], None]
    welcomed: Callable[[], None]


class Tending(BackgroundProcess):
    """Runs what stands behind the page in the background: `tend` never ends by itself."""

    def __init__(self, tend: Callable[[], Awaitable[None]]) -> None:
        self._tend = tend

    async def work(self) -> None:
        """See `BackgroundProcess.work`."""
        await self._tend()


class Desk:
    """A running desk.

    Attributes:
        authorizer: does what a page or a script asks.
        reviews: what a reviewer looks at.
        figures: what a manager looks at.
        tree: for the inspector.
    """

    def __init__(self, setup: Setup, system: System) -> None:
        self._setup = setup
        self._system = system
        self._link = OfficeLink(self._link_changed)
        self.authorizer = Authorizer(
            link=self._link,
            keys=setup.keys,
            outside=setup.outside,
            watch_again=self._watch_again,
            changed=setup.watch,
        )
        self.reviews = ReviewDesk(self._link, setup.watch)
        self.figures = FiguresBoard(self._link, setup.watch)
        self.tree: Tree | None = None

    def spec(self) -> SupervisorSpec:
        """The tree of the module's docstring."""
        return SupervisorSpec(
            NAME,
            Strategy.ONE_FOR_ONE,
            Intensity(10, 60.0),
            (
                ChildSpec("link", self._desk_link, backoff=LINK_BACKOFF),
                ChildSpec("tending", lambda: Tending(self.authorizer.tend), backoff=LINK_BACKOFF),
                ChildSpec("reviews", lambda: Tending(self.reviews.tend), backoff=LINK_BACKOFF),
                ChildSpec(
                    "figures", lambda: Tending(self.figures.keep_fresh), backoff=LINK_BACKOFF
                ),
            ),
        )

    async def perform(self, command: Command) -> Refusal | None:
        """Do what the page asked for: see the `perform` of each board."""
        if isinstance(command, ReviewsDeed | FiguresDeed) and self.authorizer.staff is None:
            return SIGN_IN_FIRST
        if isinstance(command, ReviewsDeed):
            return await self.reviews.perform(command)
        if isinstance(command, FiguresDeed):
            return await self.figures.perform(command)
        refusal = await self.authorizer.perform(command)
        if isinstance(command, SignInHere | SignOutHere) and refusal is None:
            self.figures.forget()
            self.reviews.attend(self.authorizer.staff)
        return refusal

    async def answer(self, asked: Asked) -> object:
        """What a page is told at once: a refusal, or what is for nobody else to see."""
        if not isinstance(asked, FindRejection):
            return await self.perform(asked)
        if self.authorizer.staff is None:
            return SIGN_IN_FIRST
        return await self._link.request_now(GetRejection(asked.reference), within=REQUEST_S_MAX)

    def image(self, digest: bytes) -> bytes | None:
        """A verified image of the claimed case or of the open review, or None."""
        return self.authorizer.image(digest) or self.reviews.image(digest)

    def state(self) -> DeskState:
        """The page's view model."""
        now_ms = self._setup.outside.wall.now_ms()
        since = self._link.since
        since_s = self._system.host.now() - since if since is not None else 0.0
        return DeskState(
            device=self._setup.device,
            link=self._link.reach,
            link_since_ms=now_ms - int(since_s * 1000),
            now_ms=now_ms,
            staff=self.authorizer.staff,
            queue=self.authorizer.queue,
            queue_known=self.authorizer.queue_known,
            file=self.authorizer.file_view(),
            done=self.authorizer.done,
            reviews=self.reviews.view(),
            figures=self.figures.view,
            export=self.figures.export,
        )

    def _desk_link(self) -> DeskLink:
        setup = self._setup
        return DeskLink(
            link=self._link,
            dialer=setup.dialer,
            address=setup.address,
            credentials=setup.credentials,
            introduction=setup.introduction,
            outside=setup.outside,
            queue=self.authorizer.queue_changed,
        )

    def _watch_again(self) -> None:
        self._system.ref(f"/{NAME}/link").tell(WatchAgain())

    def _link_changed(self) -> None:
        if self._link.is_online:
            self._setup.welcomed()
            self.reviews.look_again()
        self._setup.watch()


@asynccontextmanager
async def open_desk(setup: Setup) -> AsyncIterator[Desk]:
    """A desk that runs for as long as the block."""
    async with open_system(NAME, setup.outside) as system:
        desk = Desk(setup, system)
        async with open_tree(system, desk.spec()) as tree:
            desk.tree = tree
            yield desk


__all__ = ["NAME", "Desk", "Setup", "open_desk"]
