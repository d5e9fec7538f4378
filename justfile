# What people do here, by purpose. `just` alone lists it.

export PATH := justfile_directory() / ".venv/bin" + ":" + env("PATH")

[private]
default:
    @just --list --unsorted

# A whole bank on this machine; prints the addresses of its pages and runs until Ctrl-C (--once: one card, then exit)
[group("run")]
demo *options:
    backpack demo {{options}}

# The back office
[group("run")]
office *options:
    backpack office {{options}}

# A teller's terminal
[group("run")]
terminal *options:
    backpack terminal {{options}}

# An authorizer's desk
[group("run")]
desk *options:
    backpack desk {{options}}

# A link that lets a browser into the page of a running terminal or desk
[group("run")]
open *options:
    backpack open {{options}}

# The supervision tree of a running program
[group("run")]
tree *options:
    backpack tree {{options}}

# Verify the audit logs and the ledger of an office's data
[group("run")]
verify *options:
    backpack verify {{options}}

# Every test, or those named: just test tests/wire -k noise
[group("check")]
test *options:
    pytest -q -n 2 --dist loadfile {{options}}

# The tests that one runs without thinking: no browser, no processes, no servers, no storms
[group("check")]
quick *options:
    pytest -q -n 2 --dist loadfile -m "not browser and not processes and not postgres and not storm" --ignore=tests/simulation {{options}}

# A whole bank under seeded faults: just sim seeds=1000 from=5000
[group("check")]
sim *words:
    python -m tests.simulation {{words}}

# kill -9 of every program at every step of a card, one by one, for many minutes: just kill desk
[group("check")]
kill *victims:
    python -m tests.processes {{victims}}

# Style, and the layout of every file
[group("check")]
lint:
    ruff check .
    ruff format --check .

# Types, strictly
[group("check")]
types:
    mypy

# Who may import whom (.importlinter)
[group("check")]
layers:
    lint-imports --no-cache --no-logo

# What CI runs
[group("check")]
all: test lint types layers

# The official benchmarks, as a table and as JSON in a file: just bench rows.json --only ask
[group("measure")]
bench file *options:
    python -m tests.bench.bench {{file}} {{options}}

# How soon an office is back after its power was cut: just comeback closed=2000 open=200
[group("measure")]
comeback *words:
    python -m tests.bench.comeback {{words}}

# Choose all versions anew within pyproject.toml's bounds; needs `uv`
[group("maintain")]
lock *options:
    uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --no-annotate {{options}} \
        --output-file requirements.lock pyproject.toml

# Bring every file into the house's layout
[group("maintain")]
format:
    ruff check --fix .
    ruff format .
