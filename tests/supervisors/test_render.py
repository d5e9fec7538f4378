"""The same small tree for people, for programs and for graphviz."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from supervisors import render
from supervisors.snapshot import Node, State

TREE = Node(
    path="/office",
    kind="supervisor",
    state=State.RUNNING,
    mailbox=3,
    mailbox_peak=9,
    rate=12.5,
    oldest_age_s=4.2,
    restarts=0,
    count=2,
    children=(
        Node(
            path="/office/cases",
            kind="pool",
            state=State.RUNNING,
            count=40,
            children=(Node(path="/office/cases/案件-1", kind="reactive", state=State.PASSIVE),),
        ),
        Node(
            path="/office/link",
            kind="process",
            state=State.WEDGED,
            mailbox=3,
            mailbox_peak=9,
            rate=12.5,
            oldest_age_s=4.2,
            restarts=2,
            last_error="PeerLost: gone",
            stuck_at="link.py:7 run",
        ),
    ),
)


def test_the_text_tree_lines_up_in_english() -> None:
    """Box drawing, one line a node, numbers to the right."""
    assert render.text(TREE, lang="en") == (
        "PATH          KIND        STATE      MAIL  PEAK  RATE/S  OLDEST  RESTARTS  LAST ERROR\n"
        "/office       supervisor  ● RUNNING     3     9    12.5    4.2s         0  -\n"
        "├─ cases      pool        ● RUNNING     0     0     0.0       -         0  -\n"
        "│  ├─ 案件-1  reactive    ◌ PASSIVE     0     0     0.0       -         0  -\n"
        "│  └─ 39 more not shown\n"
        "└─ link       process     ✖ WEDGED      3     9    12.5    4.2s         2"
        "  PeerLost: gone  @ link.py:7 run\n"
    )


def test_the_text_tree_speaks_chinese_first() -> None:
    """Wide characters count as two columns, so the columns still line up."""
    lines = render.text(TREE).splitlines()

    assert lines[0].startswith("路径")
    assert lines[0].endswith("最近错误")
    assert "✖ 卡死" in lines[-1]
    assert "└─ 另有 39 个未显示" in lines[4]
    assert len(lines) - 1 == len(render.text(TREE, header=False).splitlines())


def test_the_json_can_be_read_back() -> None:
    """Nothing is lost on the way, and every node has the promised fields."""
    assert TREE == msgspec.json.decode(render.json(TREE), type=Node)
    plain = msgspec.json.decode(render.json(TREE))
    wanted = {
        "path", "kind", "state", "mailbox", "mailbox_peak", "rate", "restarts", "last_error",
        "children",
    }  # fmt: skip
    assert wanted <= plain.keys()
    assert wanted <= plain["children"][1].keys()


def test_the_graph_has_a_box_a_node_and_an_arrow_a_child() -> None:
    """What graphviz needs, with quotes and line breaks escaped."""
    graph = render.dot(TREE)

    assert graph.startswith("digraph tree {\n")
    assert graph.endswith("}\n")
    assert 4 == graph.count("label=")
    assert '  "/office" -> "/office/link";' in graph
    assert 'label="link\\nprocess WEDGED\\nmailbox 3/9  12.5/s\\nrestarts 2\\n' in graph


@given(st.text(max_size=40))
def test_no_error_text_breaks_the_graph(words: str) -> None:
    """A label is one quoted string whatever a crash said."""
    graph = render.dot(Node(path="/x", kind="reactive", state=State.RUNNING, last_error=words))
    (line,) = (line for line in graph.split("\n") if "label=" in line)
    body = line.split("label=", 1)[1]

    assert body.startswith('"')
    assert body.replace("\\\\", "").replace('\\"', "").count('"') == 4
