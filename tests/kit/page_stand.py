"""A stand-in agent: serves a page through the real page door and remembers what it was asked.

Behind the door stands no bank, only a state and a function that says how a command changes it. The
stand runs trio in a thread of its own, because a browser is driven from the test's thread. By hand:

    python -m tests.kit.page_stand teller        # prints an address; the commands go to stdout
    python -m tests.kit.page_stand desk
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio
from msgspec.structs import replace

from backoffice.desk import page_model as desk_model
from backoffice.desk.figures_csv import csv_of, file_name
from backoffice.desk.page_model import DeskState
from terminal import page_commands as teller_commands
from terminal.page_model import Busy, Stage, TerminalState
from tests.kit import page_states as states
from tests.kit.page_figures import figures
from tests.kit.page_owed import OWING, PHOTO
from tests.kit.page_pictures import digest_of, picture
from tests.kit.page_reviews import review_file, reviewing
from wire.case_state import State
from wire.message import Code, Refusal
from wire.page import PageConnection, PageDoor, PageProgram, serve_page
from wire.page.shell import Density

ROOT = Path(__file__).parents[2]
START_S_MAX = 20.0
DEVICE = "T-0001"
HEAR_STEP_S = 0.05
HEAR_TRIES_MAX = 200

React = Callable[[Any, Any], Any]


class Stand:
    """One agent without a bank.

    Attributes:
        state: what every page is shown.
        commands: what pages asked for, oldest first.
        uploads: the JPEGs that pages handed in.
        papers: the printed slip of each case that has one.
        told: what commands are answered with, by their tags; with nothing where it is not here.
    """

    def __init__(self, state: Any, react: React) -> None:
        self.state = state
        self.commands: list[msgspec.Struct] = []
        self.uploads: list[bytes] = []
        self.papers: dict[str, bytes] = {}
        self.told: dict[str, object] = {}
        self._react = react
        self._refusals: dict[str, Refusal] = {}
        self._slow: set[str] = set()
        self._pages: set[PageConnection] = set()
        self._scopes: set[trio.CancelScope] = set()
        self._images = {digest_of(name): picture(name) for name in states.PHOTOS}
        self._door: PageDoor | None = None
        self._ahead_s = 0.0
        self._token: trio.lowlevel.TrioToken | None = None
        self._shut = trio.Event()
        self._ready = threading.Event()

    async def connected(self, page: PageConnection) -> None:
        """Serve one page until it goes or `drop` sends it away."""
        self._pages.add(page)
        try:
            with trio.CancelScope() as scope:
                self._scopes.add(scope)
                page.show(self.state)
                async for request in page.requests:
                    tag = str(request.command.__struct_config__.tag)
                    if tag == "sign_out":
                        request.let_others_go()
                    if tag in self._slow:
                        self.commands.append(request.command)
                        continue
                    refusal = self._take(request.command)
                    if refusal is None:
                        request.answer(self.told.get(tag))
                    else:
                        request.refuse(refusal)
        finally:
            self._scopes.discard(scope)
            self._pages.discard(page)

    async def fetch(self, digest: str) -> bytes | None:
        """A picture of the canned states, or one that was uploaded."""
        return self._images.get(digest)

    async def keep(self, jpeg: bytes) -> str | Refusal:
        """Remember an uploaded picture."""
        digest = hashlib.blake2b(jpeg, digest_size=32).hexdigest()
        self._images[digest] = jpeg
        self.uploads.append(jpeg)
        return digest

    async def paper(self, case_id: str) -> bytes | Refusal:
        """One of `papers`, or what the office says of a case that it does not know."""
        unknown = Refusal(Code.NOT_FOUND, "没有找到该业务")
        return self.papers.get(case_id, unknown)

    def asked(self, kind: type[msgspec.Struct]) -> list[Any]:
        """The commands of one type, oldest first."""
        return [command for command in self.commands if isinstance(command, kind)]

    def heard(self, kind: type[msgspec.Struct], count: int = 1) -> list[Any]:
        """The commands of one type, once so many have come: a page may show what is next first."""
        for _ in range(HEAR_TRIES_MAX):
            if len(self.asked(kind)) >= count:
                break
            threading.Event().wait(HEAR_STEP_S)
        return self.asked(kind)

    def expect(self, *commands: msgspec.Struct) -> None:
        """Pages ask for exactly these, of the types that are named here; it waits for the last."""
        for kind in {type(command): None for command in commands}:
            of_kind = [command for command in commands if type(command) is kind]
            heard = self.heard(kind, len(of_kind))
            assert of_kind == heard, f"expected {of_kind}, heard {heard}"

    def _take(self, command: msgspec.Struct) -> Refusal | None:
        self.commands.append(command)
        refusal = self._refusals.pop(str(command.__struct_config__.tag), None)
        if refusal is None:
            self._show(self._react(self.state, command))
        return refusal

    def _show(self, state: Any) -> None:
        self.state = state
        for page in self._pages:
            page.show(state)

    def address(self) -> str:
        """A fresh address that lets one browser in."""
        return str(self._there(lambda: self._door.link() if self._door else ""))

    @property
    def printed(self) -> str:
        """The address that the door prints at its start."""
        assert self._door is not None
        return self._door.printed

    def pass_by(self, seconds: float) -> None:
        """Let so much time go by on the agent's clock."""
        self._ahead_s += seconds

    def show(self, state: Any) -> None:
        """Push another state to every page."""
        self._there(lambda: self._show(state))

    def refuse_next(self, tag: str, refusal: Refusal) -> None:
        """Answer the next command of this tag with a refusal."""
        self._refusals[tag] = refusal

    def leave(self, tag: str) -> None:
        """Leave commands of this tag without a word, as an agent does whose kit takes its time."""
        self._slow.add(tag)

    def drop(self) -> None:
        """End every page's link, as a crashed agent would; pages come back by themselves."""
        self._there(lambda: [scope.cancel() for scope in self._scopes])

    def _there(self, work: Callable[[], Any]) -> Any:
        assert self._token is not None
        return trio.from_thread.run_sync(work, trio_token=self._token)

    async def serve(self, program: PageProgram, lasting_link: bool = False, port: int = 0) -> None:
        """Serve until `shut`."""
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as nursery:

            async def door(task_status: trio.TaskStatus[PageDoor]) -> None:
                await serve_page(
                    program,
                    device=DEVICE,
                    entropy=os.urandom,
                    lasting_link=lasting_link,
                    port=port,
                    now=lambda: trio.current_time() + self._ahead_s,
                    task_status=task_status,
                )

            self._door = await nursery.start(door)
            self._ready.set()
            await self._shut.wait()
            nursery.cancel_scope.cancel()

    def wait_ready(self) -> None:
        """Wait until the door is open."""
        assert self._ready.wait(START_S_MAX), "the stand did not open its door"

    def shut(self) -> None:
        """Close the door."""
        self._there(self._shut.set)


def teller_reacts(state: TerminalState, command: Any) -> TerminalState:  # long: the commands
    """How the work goes on when everything goes well; another case than the open one stays."""
    on_glass = state.open.case_id if state.open is not None else ""
    if isinstance(command, teller_commands.OfCase) and command.case_id != on_glass:
        return state
    moment = {
        "new_case": "identify",
        "read_id": "unphotographed",
        "correct": "photos",
        "submit": "waiting",
        "sign": "committing",
        "hand_over": "done",
        "defer_photo": "deferred",
        "give_rescan": "owed_given",
    }.get(command.__struct_config__.tag)
    if moment is not None:
        return _with_staff(states.teller(moment, link=state.link), state)
    match command:
        case teller_commands.SignInHere():
            return replace(state, staff=states.TELLER)
        case teller_commands.SignOutHere():
            return replace(state, staff=None, open=None)
        case teller_commands.LeaveCase():
            return replace(state, open=None)
        case teller_commands.ShowCase(case_id=case_id) if case_id == OWING:
            return states.teller("owed_overdue", link=state.link)
        case teller_commands.ShowCase(case_id=case_id):
            line = next(one for one in state.cases if one.case_id == case_id)
            known = {State.AUTH_RETURNED: "returned", State.PREPARED: "sign"}
            shown = states.teller(known.get(State(line.state), "waiting"), link=state.link)
            assert shown.open is not None
            return replace(shown, open=replace(shown.open, case_id=case_id))
        case teller_commands.ClearValue(field=field) if field == PHOTO:
            return states.teller("deferrable", link=state.link)
        case teller_commands.TakePhoto() if state.open is not None and state.open.rescan:
            return states.teller("owed_taken", link=state.link)
        case teller_commands.TakePhoto(field=field) | teller_commands.UsePhoto(field=field):
            return _captured(state, field)
        case teller_commands.SetValue(field=field, value=value):
            return _captured(state, field, value)
        case teller_commands.RemoveRow(field=field, row=row):
            return _with_rows(state, field, lambda one, shown: shown and one != row)
        case teller_commands.RestoreRow(field=field, row=row):
            return _with_rows(state, field, lambda one, shown: shown or one == row)
        case teller_commands.ReadCard(field=field):
            return _captured(state, field)
        case teller_commands.EnterPin(field=field):
            if state.busy is None:
                return replace(state, busy=Busy(on_glass, "enter_pin", field, 4))
            return _captured(replace(state, busy=None), field)
        case teller_commands.CancelEntry():
            return replace(state, busy=None)
    return state


def _with_staff(state: TerminalState, before: TerminalState) -> TerminalState:
    return replace(state, staff=before.staff)


def _with_rows(
    state: TerminalState, field: str, keep: Callable[[str, bool], bool]
) -> TerminalState:
    """The state with those rows of the canned table for whose id (and whether it is there now)
    `keep` holds.
    """
    opened, whole = state.open, states.STAGES["kinds"]
    assert opened is not None
    assert whole is not None
    canned = next(view.rows for view in whole.fields if view.name == field)
    there = {row.row for view in opened.fields if view.name == field for row in view.rows}
    rows = tuple(row for row in canned if keep(row.row, row.row in there))
    fields = [replace(one, rows=rows) if one.name == field else one for one in opened.fields]
    return replace(state, open=replace(opened, fields=tuple(fields)))


def _captured(state: TerminalState, field: str, value: str = "") -> TerminalState:
    """The state with one more field captured, at the stage that follows from it."""
    opened = state.open
    assert opened is not None
    shown = {view.name: view.shown for view in opened.fields if view.shown}
    shown[field] = value or states.VALUES.get(field, "1280×800")
    fields = states.field_views(opened.form, shown)
    lacking = {view.name for view in fields if view.problem is not None}
    photos = set(states.PHOTOS) & lacking
    stage = Stage.PHOTOS if photos else Stage.FORM if lacking else Stage.SUBMIT
    return replace(state, open=replace(opened, fields=fields, stage=stage, can_submit=not lacking))


def desk_reacts(state: DeskState, command: Any) -> DeskState:
    """Claiming opens the canned case, deciding or releasing closes it."""
    match command:
        case desk_model.SignInHere():
            return replace(state, staff=states.AUTHORIZER)
        case desk_model.SignOutHere():
            return replace(state, staff=None, file=None, figures=None, export=None)
        case desk_model.ShowFigures(first=first, last=last, outlet=outlet, product=product):
            return states.managed(figures(first, last, outlet, product))
        case desk_model.HideFigures():
            return replace(state, figures=None, export=None)
        case desk_model.ExportFigures(table=table, lang=lang):
            assert state.figures is not None
            shown, number = state.figures.figures, state.export.number + 1 if state.export else 1
            text, name = csv_of(shown, table, lang), file_name(shown, table, lang)
            return replace(state, export=desk_model.Export(name, text, number))
        case desk_model.ShowReviews():
            return state if state.reviews is not None else replace(reviewing(), done=state.done)
        case desk_model.CloseReview():
            return replace(reviewing(), done=state.done)
        case desk_model.ViewReview():
            return replace(reviewing(review_file()), done=state.done)
        case desk_model.GiveReview(case_id=case_id):
            assert state.reviews is not None
            kept = tuple(one for one in state.reviews.items if one.case_id != case_id)
            return replace(state, reviews=desk_model.ReviewsView(kept, None, None))
        case desk_model.Claim():
            return replace(states.desk(states.file_view()), done=state.done)
        case desk_model.Release():
            return replace(states.desk(), done=state.done)
        case desk_model.Conclude(verdict=verdict, reason=reason):
            assert state.file is not None
            item = state.file.item
            row = desk_model.DoneRow(
                item.case_id, item.title_zh, item.title_en, verdict, reason, state.now_ms
            )
            left = tuple(one for one in state.queue if one.case_id != item.case_id)
            return replace(state, file=None, queue=left, done=(row, *state.done))
    return state


def program_for(which: str, stand: Stand) -> PageProgram:
    """The real page of `teller` or `desk` with the stand behind it."""
    model: Any = teller_commands if which == "teller" else desk_model
    folder = ROOT / ("terminal" if which == "teller" else "backoffice/desk") / "page"
    density: Density = "roomy" if which == "teller" else "dense"
    title = "背包银行 柜员终端" if which == "teller" else "背包银行 授权台"
    return PageProgram(
        title=title,
        files=folder,
        commands=getattr(model, "Asked", model.Command).__args__,
        session=stand,
        images=stand,
        paper=stand.paper if which == "teller" else None,
        density=density,
    )


def new_stand(which: str) -> Stand:
    """A stand in its first state: nobody has signed in."""
    if which == "teller":
        return Stand(replace(states.teller(), staff=None), teller_reacts)
    return Stand(replace(states.desk(), staff=None), desk_reacts)


@contextmanager
def open_stand(which: str, *, lasting_link: bool = False, port: int = 0) -> Iterator[Stand]:
    """A stand that serves in the background until the block ends."""
    stand = new_stand(which)
    thread = threading.Thread(
        target=trio.run,
        args=(stand.serve, program_for(which, stand), lasting_link, port),
        name=f"stand-{which}",
    )
    thread.start()
    stand.wait_ready()
    try:
        yield stand
    finally:
        stand.shut()
        thread.join()


def main() -> None:
    """Serve one page for a person to try, until Enter is pressed."""
    with open_stand(sys.argv[1]) as stand:
        sys.stdout.write(stand.address() + "\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for command in stand.commands:
            sys.stdout.write(f"{command.__struct_config__.tag}\n")


if __name__ == "__main__":
    main()
