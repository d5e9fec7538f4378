"""Staff who settle what the machine gave up, by what the partner's books truly say.

One at a desk proposes, another at another desk confirms what they find to be so themselves. They
look at the books as somebody does who calls the partner: what is committed there, and not reversed,
is done; everything else is not. They may be late, and the partner may change meanwhile; then it
says so, and they look again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import trio

from backoffice.desk.program import Desk
from tests.kit.bank import DESK_PASSCODE, Bank
from tests.kit.books import Books
from wire.case_state import State
from wire.codec import encode
from wire.errors import WireError
from wire.keys import SETTLEMENT
from wire.messages.settlement import (
    Act,
    Deed,
    ListManual,
    ManualFile,
    ManualLeg,
    OpenManual,
    SettleManual,
    Word,
)

LOOK_S: Final = 4.0
"""How often somebody looks at the list, in virtual seconds."""

ANSWER_S_MAX: Final = 10.0

OPEN: Final = frozenset({"asked", "committing", "aborting"})
"""Standings of a leg of which nobody knows what its partner has done."""

NO_BOOKS: Final = Books()


class Settler:
    """Works at one desk, beside whoever authorizes there.

    Args:
        number: of the desk; the first proposes, the others confirm.
        books: of partners, by stream, as they truly are.
        noted: called with every deed, for the trace.
    """

    def __init__(
        self,
        desk: Desk,
        number: int,
        bank: Bank,
        books: Mapping[str, Books],
        noted: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._node, self._staff_id = f"D-{number}", f"200{number}"
        self._proposes = number == 1
        self._bank = bank
        self._books = books
        self._noted = noted

    async def work(self) -> None:
        """For ever; what does not work is done again at the next look."""
        while True:
            await trio.sleep(LOOK_S)
            try:
                page = await self._desk._link.request(ListManual(), within=ANSWER_S_MAX)
                for case in page.cases:
                    look = OpenManual(case.union, case.case_id)
                    file = await self._desk._link.request(look, within=ANSWER_S_MAX)
                    await self._settle(file)
            except WireError:
                continue

    async def _settle(self, file: ManualFile) -> None:
        if self._proposes:
            leg = self._next(file)
            if leg is not None and all(one.leg != leg.key for one in file.proposals):
                await self._say(file, leg.key, Act.PROPOSE, self._deed(file, leg), b"")
            return
        legs = {leg.key: leg for leg in file.case.legs}
        for one in file.proposals:
            right = one.deed is self._deed(file, legs[one.leg])
            act = Act.CONFIRM if right else Act.WITHDRAW
            await self._say(file, one.leg, act, one.deed, one.digest)

    def _next(self, file: ManualFile) -> ManualLeg | None:
        """The first leg of which nobody knows; then what is real of a whole that cannot be."""
        waiting = [leg for leg in file.case.legs if leg.key in file.deciding]
        if waiting and file.case.state is State.MANUAL:
            return None
        unknown = [leg for leg in file.case.legs if leg.standing in OPEN]
        real = [leg for leg in file.case.legs if self._is_real(file, leg)]
        return next(iter(unknown or real), None)

    def _deed(self, file: ManualFile, leg: ManualLeg) -> Deed:
        """What the books say of it."""
        if not self._is_real(file, leg):
            return Deed.NOT_DONE
        return Deed.DONE if leg.standing == "committing" else Deed.REVERSE

    def _is_real(self, file: ManualFile, leg: ManualLeg) -> bool:
        books = self._books.get(f"{leg.partner}/{file.case.union}", NO_BOOKS)
        return leg.key in books.committed - books.reversed

    async def _say(self, file: ManualFile, leg: str, act: Act, deed: Deed, proposal: bytes) -> None:
        word = Word(
            union=file.case.union,
            case_id=file.case.case_id,
            leg=leg,
            act=act,
            deed=deed,
            evidence="已致电对方核对流水" if act is Act.PROPOSE else "",
            staff_id=self._staff_id,
            said_ms=self._bank.outside(self._node).wall.now_ms(),
            proposal=proposal,
        )
        body = encode(word)
        seal = self._bank.device_keys(self._node).signing.sign(SETTLEMENT, body)
        await self._desk._link.request(SettleManual(body, seal, DESK_PASSCODE), within=ANSWER_S_MAX)
        self._noted(f"{act} {deed}")


__all__ = ["Settler"]
