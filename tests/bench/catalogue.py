"""Every row of the official report: what is measured, against what, and what is wanted.

C is the price of letting others run once when there are none: it is trio's own, and what any design
with a task per actor pays at least twice per request. A ratio below 1 is faster than the reference
for times, a ratio above 1 is faster for events per second.
"""

from __future__ import annotations

from typing import Final

from tests.bench.row import Line, Target

C: Final = "C = trio.lowlevel.checkpoint() with one task"
PYKKA: Final = "pykka, an actor per thread"
XOSCAR: Final = "xoscar, actors on asyncio"
ERLANG: Final = "Erlang/OTP, one scheduler"
BARE: Final = "trio-websocket, the same bytes unsealed"
SQLITE: Final = "bare sqlite3, the same rows, one commit per 100"
COMMIT: Final = "one bare durable commit, p50"


def _in_c(name: str, figure: str, most: float | None = None) -> Line:
    target = None if most is None else Target(most)
    return Line(name, figure, "ns", "checkpoint", C, target)


def _against(name: str, figure: str, peer: str, told: str, most: float | None = None) -> Line:
    target = None if most is None else Target(most)
    unit = "B" if figure == "idle_memory" else "ns"
    return Line(name, figure, unit, f"{peer}.{figure}", told, target)


RUNTIME: Final = (
    _in_c("ask", "ask", 0.40),
    _against("ask vs pykka", "ask", "pykka", f"{PYKKA}, ask", 0.10),
    _against("ask vs xoscar", "ask", "xoscar", f"{XOSCAR}, ask"),
    _against("ask vs Erlang", "ask", "erlang", f"{ERLANG}, gen_server:call", 1.0),
    _in_c("ask, 1,000 clients x 1,000 actors", "ask_many"),
    _against("ask, 1,000 x 1,000 vs Erlang", "ask_many", "erlang", f"{ERLANG}, the same"),
    _in_c("tell", "tell", 0.12),
    _against("tell vs pykka", "tell", "pykka", f"{PYKKA}, tell"),
    _against("tell vs Erlang", "tell", "erlang", f"{ERLANG}, gen_server:cast"),
    _in_c("ring hop, 1 token", "ring", 0.15),
    _in_c("ring hop, 100 tokens", "ring_100"),
    _against("ring hop vs pykka", "ring", "pykka", f"{PYKKA}, the same ring"),
    _against("ring hop vs Erlang", "ring", "erlang", f"{ERLANG}, bare processes"),
    _in_c("fan-in, 1,000 actors to 1", "fan_in"),
    _in_c("process ask", "process_ask", 3.0),
    _in_c("spawn + stop", "spawn_stop", 1.0),
    _against("spawn + stop vs pykka", "spawn_stop", "pykka", f"{PYKKA}, 1,000 threads"),
    _against("spawn + stop vs Erlang", "spawn_stop", "erlang", f"{ERLANG}, gen_server"),
    _in_c("crash -> restart -> ask", "crash_restart_ask", 4.0),
    _against(
        "crash -> restart -> ask vs Erlang",
        "crash_restart_ask",
        "erlang",
        f"{ERLANG}, supervisor and gen_server",
    ),
    Line(
        "idle reactive actor, 100,000 of them",
        "idle_memory",
        "B",
        "erlang.idle_memory",
        f"{ERLANG}, idle gen_server",
        Target(1536, of="value"),
    ),
)

WIRE: Final = (
    Line("sealed echo, request -> reply", "echo:request", "us", "echo:bare", BARE, Target(1.35)),
    Line("sealed echo, channel only", "echo:channel", "us", "echo:bare", BARE, Target(1.35)),
)

STORE: Final = (
    Line(
        "durable events, 100 writers",
        "events:store",
        "events/s",
        "events:bare",
        SQLITE,
        Target(0.5, at_least=True),
    ),
    Line(
        "durable events, 100 writers, vs executemany",
        "events:store",
        "events/s",
        "events:many",
        "bare sqlite3, executemany of 100",
    ),
    Line(
        "commands of 100 durable actors",
        "events:durable",
        "events/s",
        "events:bare",
        SQLITE,
    ),
    Line(
        "a commit while 100 photos arrive",
        "photos:during",
        "ms",
        "photos:alone",
        "a commit alone",
        Target(2.0),
    ),
    Line(
        "verify of a day of 3,000 cases, books",
        "verify:books",
        "s",
        "verify:bare",
        "bare sqlite3, reading the same rows",
        Target(10.0, of="value"),
    ),
)


def _latency(rate: int, what: str, part: str, most_ms: float | None) -> tuple[Line, Line]:
    figure = f"office_{rate}:{part}"
    bare = f"office_{rate}:commit"
    target = None if most_ms is None else Target(most_ms, of="value")
    name = f"{what}, {rate}/s"
    return (
        Line(f"{name}, p50", figure, "ms", bare, COMMIT, None, 0.50),
        Line(f"{name}, p99", figure, "ms", bare, COMMIT, target, 0.99),
    )


SUBMIT: Final = "submit -> durable acknowledgement"
DECIDE: Final = "decision -> terminal"

OFFICE: Final = (
    *_latency(1, SUBMIT, "submit", 100.0),
    *_latency(1, DECIDE, "decision", 150.0),
    *_latency(50, SUBMIT, "submit", 100.0),
    *_latency(50, DECIDE, "decision", 150.0),
)

MIX: Final = (
    Line(
        "cases of all products, by mix",
        "mix:cases",
        "cases/s",
        "mix:bare",
        "their office events as bare sqlite3 commits, CPU time",
    ),
)

LINES: Final = (*RUNTIME, *WIRE, *STORE, *OFFICE, *MIX)

__all__ = ["LINES"]
