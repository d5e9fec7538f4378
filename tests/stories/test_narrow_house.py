"""An office with hardly any room, or a store that takes on hardly anything, serves all the same."""

from __future__ import annotations

import pytest
import trio
from msgspec.structs import replace

from actors import NotStarted
from actors.durable import CannotLoad, Wake
from backoffice.cases.terms import TERMS
from backoffice.office import pool_key
from backoffice.program import CASE_PASSIVATE_S, BackOffice, Room
from supervisors import State as NodeState
from supervisors import snapshot
from supervisors.snapshot import Node
from terminal.page_model import Stage
from tests.kit.bank import UNION
from tests.kit.running import run
from tests.stories.cast import assert_sound, cast, kinds, watched_bank, work_to
from wire.case_state import FINAL_STATES, State

CUSTOMERS = 50
HOUR_MS = 3_600_000


def nodes_of(office: BackOffice) -> list[Node]:
    """Everybody in its tree."""
    assert office.tree is not None
    nodes = [snapshot(office.tree)]
    for node in nodes:
        nodes += node.children
    return nodes


def restarts(office: BackOffice) -> dict[str, int]:
    """Who was started again, and how often."""
    return {node.path: node.restarts for node in nodes_of(office) if node.restarts}


def test_two_places_are_enough_for_fifty_customers() -> None:
    """One after the other; who is served, or will sign tomorrow, is in nobody's way."""

    async def story() -> None:
        terms = replace(TERMS, prepared_ms=4 * HOUR_MS)
        room = Room(cases=2, records=2)
        bank, invariants = watched_bank("two places", room=room, terms=terms)
        async with cast(bank) as at:
            at.authorize()
            unsigned = [await at.clerk.begin("debit_card") for _ in range(3)]
            for case_id in unsigned:
                await work_to(at.terminal, at.clerk, case_id, Stage.SIGN)
            for _ in range(CUSTOMERS):
                case = await at.clerk.finish(await at.clerk.begin("information_collection"))
                assert case.state in FINAL_STATES
            assert {} == restarts(at.office)

        async with bank.office() as office:
            await trio.sleep(2 * CASE_PASSIVATE_S)
            owed = [(one.to, one.stream) for one in bank.disk("office").disk.pending.values()]
            assert sorted(("self", f"case/{UNION}/{each}") for each in unsigned) == sorted(owed)
            assert office.tree is not None
            assert 0 == office.tree.pool("/office/cases").live
            await trio.sleep(4 * HOUR_MS / 1000)
            assert ["Aborted"] * 3 == [kinds(bank, case_id)[-1] for case_id in unsigned]
            assert {} == bank.disk("office").disk.pending
        assert_sound(bank, invariants, healed=False)

    run(story)


@pytest.mark.parametrize("requests_max", [1, 4])
def test_a_store_that_takes_on_hardly_anything_carries_the_whole_job(requests_max: int) -> None:
    """Whoever finds it full waits, or is told to come again; nobody crashes."""

    async def story() -> None:
        bank, invariants = watched_bank("narrow lanes", requests_max=requests_max)
        async with cast(bank) as at:
            at.authorize()
            await at.clerk.finish(await at.clerk.begin("debit_card"))
            case = await at.clerk.finish(await at.clerk.begin("card_activation"))
            assert State.CLOSED is case.state
            assert {} == restarts(at.office)
        assert_sound(bank, invariants)

    run(story)


def test_a_stream_that_cannot_be_read_harms_its_own_case_only() -> None:
    """Whoever asks is told; the office and its other cases go on; the tree shows which it is."""

    async def story() -> None:
        bank, invariants = watched_bank("poisoned")
        async with cast(bank) as at:
            at.authorize()
            poisoned = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, poisoned, Stage.SIGN)
            disk = bank.disk("office").disk
            stream = f"case/{UNION}/{poisoned}"
            sound = list(disk.streams[stream])
            disk.streams[stream][0] = replace(sound[0], body=b"not ours")
            assert at.office.tree is not None
            pool = at.office.tree.pool("/office/cases")
            pool.terminate_child(pool_key(UNION, poisoned))

            seen: list[type[Exception]] = []
            while NotStarted not in seen:
                with pytest.raises((CannotLoad, NotStarted)) as told:
                    await pool.ref(pool_key(UNION, poisoned)).ask(Wake(), within=30)
                seen.append(told.type)
            assert CannotLoad is seen[0]
            path = f"/office/cases/{pool_key(UNION, poisoned)}"
            shown = {node.path: node.state for node in nodes_of(at.office)}
            assert NodeState.BACKOFF is shown[path]

            case = await at.clerk.finish(await at.clerk.begin("debit_card"))
            assert State.CLOSED is case.state
            disk.streams[stream] = sound
            assert State.CLOSED is (await at.clerk.finish(poisoned)).state
            assert set(restarts(at.office)) <= {path}
        assert_sound(bank, invariants)

    run(story)
