"""A snapshot for people and programs: a text tree, JSON, or a graph for graphviz.

Pure functions from `Node` to text. They choose nothing and hide nothing: what must not be seen is
not in a `Node`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import msgspec

from supervisors.snapshot import Node, State

HEADERS = {
    "zh": ("路径", "类型", "状态", "邮箱", "峰值", "速率/秒", "最久等待", "重启", "最近错误"),
    "en": ("PATH", "KIND", "STATE", "MAIL", "PEAK", "RATE/S", "OLDEST", "RESTARTS", "LAST ERROR"),
}
"""The columns of the text tree, by language."""

MORE = {"zh": "另有 {} 个未显示", "en": "{} more not shown"}
"""The line that stands for children a snapshot leaves out."""

KINDS = {
    "zh": {
        "supervisor": "监督者", "pool": "池", "reactive": "响应式", "process": "进程式",
        "asyncio": "异步式", "slots": "工位",
    },
    "en": {},
}  # fmt: skip
"""The words for kinds, by language; a missing one stands as it is."""

STATES = {
    "zh": {
        State.STARTING: "启动中", State.RUNNING: "运行", State.BACKOFF: "退避",
        State.STOPPING: "停止中", State.STOPPED: "已停止", State.WEDGED: "卡死",
        State.FAILED: "失败", State.PASSIVE: "休眠",
    },
    "en": {},
}  # fmt: skip
"""The words for states, by language; a missing one stands as it is."""

MARKS = {
    State.STARTING: "◔", State.RUNNING: "●", State.BACKOFF: "◷", State.STOPPING: "◕",
    State.STOPPED: "○", State.WEDGED: "✖", State.FAILED: "▲", State.PASSIVE: "◌",
}  # fmt: skip
"""A state is never shown by colour alone: its sign in the text tree."""

FILLS = {
    State.STARTING: "#dbeafe", State.RUNNING: "#dcfce7", State.BACKOFF: "#fef9c3",
    State.STOPPING: "#e5e7eb", State.STOPPED: "#f3f4f6", State.WEDGED: "#fecaca",
    State.FAILED: "#fca5a5", State.PASSIVE: "#f5f5f4",
}  # fmt: skip
"""The fill of a box of the graph."""

_RIGHT_ALIGNED = {3, 4, 5, 6, 7}


def text(node: Node, *, lang: str = "zh", header: bool = True) -> str:
    """The tree in box-drawing characters with aligned columns; wide characters count as two.

    Args:
        node: the root.
        lang: `zh` or `en`.
        header: False leaves out the line of column names.
    """
    rows = list(_rows(node, "", "", lang))
    if header:
        rows.insert(0, HEADERS[lang])
    complete = [row for row in rows if len(row) == len(HEADERS[lang])]
    widths = [max(map(_width, column)) for column in zip(*complete, strict=True)]
    lines = ("  ".join(_cells(row, widths)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def json(node: Node) -> str:
    """The tree as one JSON object a node, children inside, indented by two."""
    return msgspec.json.format(msgspec.json.encode(node), indent=2).decode()


def dot(node: Node) -> str:
    """The tree as a graphviz digraph, one box a node."""
    lines = [
        "digraph tree {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ]
    for parent in node.walk():
        lines.append(f"  {_quoted(parent.path)} [{_attributes(parent)}];")
        lines += [
            f"  {_quoted(parent.path)} -> {_quoted(below.path)};" for below in parent.children
        ]
    return "\n".join([*lines, "}"]) + "\n"


def _rows(node: Node, lead: str, below: str, lang: str) -> Iterator[tuple[str, ...]]:
    yield (lead + _name(node, lead), *_columns(node, lang))
    hidden = node.count - len(node.children)
    for position, child in enumerate(node.children):
        last = position == len(node.children) - 1 and not hidden
        yield from _rows(
            child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), lang
        )
    if hidden > 0:
        yield (below + "└─ " + MORE[lang].format(hidden),)


def _name(node: Node, lead: str) -> str:
    return node.path.rsplit("/", 1)[1] if lead else node.path


def _columns(node: Node, lang: str) -> tuple[str, ...]:
    state = f"{MARKS[node.state]} {STATES[lang].get(node.state, node.state.value)}"
    trouble = node.last_error
    if node.stuck_at:
        trouble = f"{trouble}  @ {node.stuck_at}".strip()
    return (
        KINDS[lang].get(node.kind, node.kind),
        state,
        str(node.mailbox),
        str(node.mailbox_peak),
        f"{node.rate:.1f}",
        f"{node.oldest_age_s:.1f}s" if node.oldest_age_s else "-",
        str(node.restarts),
        trouble or "-",
    )


def _cells(row: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    for column, (cell, width) in enumerate(zip(row, widths, strict=False)):
        gap = " " * (width - _width(cell))
        yield gap + cell if column in _RIGHT_ALIGNED else cell + gap


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in cell)


def _attributes(node: Node) -> str:
    lines = [node.path.rsplit("/", 1)[1], f"{node.kind} {node.state.value}"]
    lines.append(f"mailbox {node.mailbox}/{node.mailbox_peak}  {node.rate:.1f}/s")
    lines.append(f"restarts {node.restarts}")
    lines += [trouble for trouble in (node.last_error, node.stuck_at) if trouble]
    hidden = node.count - len(node.children)
    if hidden > 0:
        lines.append(f"+{hidden}")
    return f"label={_quoted(chr(10).join(lines))}, fillcolor={_quoted(FILLS[node.state])}"


def _quoted(label: str) -> str:
    escaped = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
