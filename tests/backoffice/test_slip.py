"""The confirmation slip: its content, its hash, its amounts in words, its page."""

from __future__ import annotations

import io
import random
from pathlib import Path

import msgspec
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.graphics.barcode.qr import QrCodeWidget  # type: ignore[import-untyped]  # no types
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]  # has no types

from backoffice.slips.pdf import (
    FONT,
    LAYOUT,
    code_of,
    drawn,
    face_of,
    fingerprint,
    render_slip,
)
from backoffice.slips.proof import (
    SlipFault,
    SlipProof,
    UnknownLayout,
    as_keywords,
    faults_of,
    office_body,
    read_proof,
)
from backoffice.slips.slip import (
    PASSED_BY_RULES,
    amount_in_words,
    amount_line,
    civil_time,
    slip_hash,
)
from tests.backoffice.case_story import Story, keys
from tests.kit import submissions as make
from wire.case_state import State
from wire.ink import Signature
from wire.keys import SLIP, SLIP_OFFICE
from wire.messages.case import LegResult, Slip, SlipLine, signed_body

DEVICE = keys("T-0001")
OFFICE = keys("office")
SIGNED_MS = make.NOW_MS + 90_000
FACE = face_of(FONT)


def prepared(product: str = "debit_card") -> Slip:
    story = Story(product)
    story.file()
    if story.where() is State.AUTH_QUEUED:
        story.approve()
    story.core()
    assert story.case.slip is not None
    return story.case.slip


def test_a_slip_says_who_did_what_for_whom() -> None:
    """Every element of the unified slip, masked."""
    slip = prepared()
    shown = {line.title_zh: line.value for line in slip.lines}

    assert "统一业务确认单" == slip.title_zh
    assert slip.case_id == shown["业务编号"]
    assert ("借记卡发卡", "李秀英") == (shown["业务种类"], shown["客户姓名"])
    assert "530***********" in shown["证件号码"]
    assert "621700" == shown["卡号"][:6]
    assert "******" in shown["卡号"]
    assert "530102****0001" == shown["账号"]
    assert ("T-0001", "O1") == (shown["办理终端"], shown["办理机构"])
    assert ("员工T001（T001）", "员工A001") == (shown["经办人"], shown["授权人"])
    assert civil_time(slip.made_ms) == shown["打印时间"]
    assert all(line.title_en for line in slip.lines)


def test_what_passes_by_rules_says_so() -> None:
    """There is no authorizer to name."""
    shown = {line.title_zh: line.value for line in prepared("card_activation").lines}

    assert PASSED_BY_RULES == shown["授权人"]


def test_the_hash_is_of_everything_on_the_slip() -> None:
    """The same case gives the same slip; any change another hash."""
    slip = prepared()
    changed = msgspec.structs.replace(slip, made_ms=slip.made_ms + 1)

    assert slip_hash(slip) == slip_hash(prepared())
    assert 32 == len(slip_hash(slip))
    assert slip_hash(slip) != slip_hash(changed)
    bodies = {
        signed_body(slip_hash(slip), make.ink(ink), at_ms) for ink in (1, 2) for at_ms in (5, 6)
    }
    assert 4 == len(bodies)


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (15, "壹角伍分"),
        (100, "壹元整"),
        (105, "壹元零伍分"),
        (1_000, "壹拾元整"),
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (1_070_000, "壹万零柒佰元整"),
        (10_700_053, "壹拾万柒仟元伍角叁分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (10_000_000_000, "壹亿元整"),
        (10_000_000_100, "壹亿零壹元整"),
        (1_000_000_010_000, "壹佰亿零壹佰元整"),
        (100_000_000_000_000, "壹万亿元整"),
    ],
)
def test_amounts_in_words(fen: int, words: str) -> None:
    """Vectors of the payment settlement rules, and edges."""
    assert words == amount_in_words(fen)


DIGITS = {word: n for n, word in enumerate("零壹贰叁肆伍陆柒捌玖")}
PLACES = {"拾": 10, "佰": 100, "仟": 1_000}


def read_words(words: str) -> int:
    """The other way round, by a different method: an oracle."""
    total = section = number = fen = 0
    words = words.replace("万亿", "兆")
    for word in words.removesuffix("整"):
        if word in DIGITS:
            number = DIGITS[word]
        elif word in PLACES:
            section += number * PLACES[word]
            number = 0
        elif word in "万亿兆":
            total += (section + number) * {"万": 10**4, "亿": 10**8, "兆": 10**12}[word]
            section = number = 0
        elif word == "元":
            total, section, number = (total + section + number) * 100, 0, 0
        else:
            fen += number * {"角": 10, "分": 1}[word]
            number = 0
    return total + fen


@given(st.integers(0, 10**17 - 1) | st.integers(0, 10**6))
def test_words_can_be_read_back(fen: int) -> None:
    """No two amounts share their words."""
    words = amount_in_words(fen)

    assert fen == read_words(words)
    assert "零零" not in words


def test_an_amount_stands_in_figures_and_words() -> None:
    """As every voucher has it."""
    assert "¥1,234.05 壹仟贰佰叁拾肆元零伍分" == amount_line("金额", "Amount", 123_405).value


def text_of(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def proven(
    slip: Slip, ink: Signature | None = None, results: tuple[LegResult, ...] = ()
) -> SlipProof:
    """The slip with both signatures, as the office would have it."""
    ink = ink or make.ink()
    signed = signed_body(slip_hash(slip), ink, SIGNED_MS)
    return SlipProof(
        layout=LAYOUT,
        slip=slip,
        ink=ink,
        signed_ms=SIGNED_MS,
        taken_ms=SIGNED_MS + 5,
        results=results,
        device="T-0001",
        device_key=DEVICE.public,
        device_signature=DEVICE.sign(SLIP, signed),
        office_key=OFFICE.public,
        office_signature=OFFICE.sign(SLIP_OFFICE, office_body(signed, SIGNED_MS + 5, results)),
    )


def test_a_character_without_a_picture_is_on_paper_as_its_code_point() -> None:
    """A rare name, a private one, a control out of a partner's message: wherever text stands."""
    slip = prepared()
    odd = msgspec.structs.replace(
        slip,
        title_zh="确认单\ue123",
        lines=(SlipLine("姓\ue001名", "Name", "王\U0002a6d6\x07\u202e"), *slip.lines[1:]),
    )
    paper = text_of(render_slip(proven(odd))).replace("\n", "")

    for spelt in ("确认单〔U+E123〕", "姓〔U+E001〕名", "王〔U+2A6D6〕〔U+0007〕〔U+202E〕"):
        assert spelt in paper


def test_whatever_a_slip_says_is_drawn() -> None:
    """No character falls back on the font's box for what it does not have."""
    glyphs = pdfmetrics.getFont(FACE).face.charToGlyph
    for code in (*range(0xD800), *range(0xE000, 0x30000, 7)):
        assert all(ord(one) in glyphs for one in drawn(FACE, chr(code)))


def test_the_page_can_be_read_and_carries_the_hash() -> None:
    """Text is text, the font is embedded, nothing is a picture."""
    slip = prepared()
    proof = proven(slip)
    pdf = render_slip(proof)
    text = text_of(pdf)

    assert "统一业务确认单" in text
    for line in slip.lines:
        assert line.title_zh in text
    assert slip_hash(slip).hex()[:32] in text
    assert fingerprint(proof.device_signature) in text
    assert fingerprint(proof.office_signature) in text
    assert slip.case_id in code_of(proof)
    assert len(pdf) < 60_000
    assert b"/FontFile2" in pdf
    assert b"/Subtype /Image" not in pdf


def test_the_same_slip_is_the_same_file() -> None:
    """Byte for byte; another stroke is another file."""
    slip = prepared()

    assert render_slip(proven(slip)) == render_slip(proven(slip))
    assert render_slip(proven(slip)) != render_slip(proven(slip, make.ink(5)))


def test_the_square_code_is_one_path_of_the_right_squares() -> None:
    """What is dark on paper is what ISO/IEC 18004 says, in one drawing operation."""
    proof = proven(prepared())
    page = pypdf.PdfReader(io.BytesIO(render_slip(proof))).pages[-1]
    rows = page.get_contents().get_data().decode("latin-1").splitlines()  # type: ignore[union-attr]  # it has one
    drawn = next(row for row in rows if row.count(" re") > 20)
    boxes = [tuple(float(number) for number in box.split()[-4:]) for box in drawn.split(" re")[:-1]]
    code = QrCodeWidget(code_of(proof)).qr
    code.make()
    side = min(height for *_, height in boxes)
    left, top = min(box[0] for box in boxes), max(box[1] for box in boxes)
    dark = {
        (round((top - bottom) / side), round((x - left) / side) + step)
        for x, bottom, width, _ in boxes
        for step in range(round(width / side))
    }

    assert 1 == sum(row.count(" re") > 20 for row in rows)
    assert dark == {
        (row, column)
        for row, modules in enumerate(code.modules)
        for column, module in enumerate(modules)
        if module
    }


def test_a_layout_that_is_not_known_is_said_to_be_unknown() -> None:
    """Neither right nor wrong: this program cannot draw what a newer one drew."""
    proof = proven(prepared())
    newer = msgspec.structs.replace(proof, layout=LAYOUT + 1)
    with pytest.raises(UnknownLayout):
        render_slip(newer)
    old = as_keywords(proof).encode()
    pdf = render_slip(proof).replace(old, as_keywords(newer).encode())

    assert (SlipFault.LAYOUT_UNKNOWN,) == faults_of(pdf, render_slip)


RESULTS = (
    LegResult("手机银行", "Mobile bank", ok=True),
    LegResult("短信通知", "SMS notice", ok=False, message="该服务已开通"),
)


def test_how_each_item_ended_is_printed_below() -> None:
    """The office vouches for it: the customer signed before."""
    text = text_of(render_slip(proven(prepared(), results=RESULTS)))

    assert "各项办理结果" in text
    assert "办理成功" in text
    assert "该服务已开通" in text


def test_a_printed_slip_proves_itself() -> None:
    """Nothing but the file is needed."""
    proof = proven(prepared(), results=RESULTS)
    pdf = render_slip(proof)

    assert proof == read_proof(pdf)
    assert () == faults_of(pdf, render_slip)


def test_whatever_is_altered_is_found() -> None:
    """Amount, strokes, results, page: each has its fault."""
    proof = proven(prepared(), results=RESULTS)
    other = proven(prepared("card_activation"))
    forged = {
        "slip": (other.slip, {SlipFault.DEVICE_SIGNATURE, SlipFault.OFFICE_SIGNATURE}),
        "ink": (make.ink(7), {SlipFault.DEVICE_SIGNATURE, SlipFault.OFFICE_SIGNATURE}),
        "results": (RESULTS[:1], {SlipFault.OFFICE_SIGNATURE}),
        "signed_ms": (5, {SlipFault.DEVICE_SIGNATURE, SlipFault.OFFICE_SIGNATURE}),
        "taken_ms": (5, {SlipFault.OFFICE_SIGNATURE}),
        "device_signature": (bytes(64), {SlipFault.DEVICE_SIGNATURE}),
        "office_signature": (bytes(64), {SlipFault.OFFICE_SIGNATURE}),
    }
    for name, (value, expected) in forged.items():
        spoiled = msgspec.structs.replace(proof, **{name: value})
        assert expected == set(faults_of(render_slip(spoiled), render_slip)), name

    pdf = render_slip(proof)
    assert (SlipFault.PAGE_DIFFERS,) == faults_of(pdf + b" ", render_slip)
    assert (SlipFault.NO_PROOF,) == faults_of(b"%PDF-1.4 nothing", render_slip)
    assert (SlipFault.NO_PROOF,) == faults_of(b"backpack-slip-1:AAAA", render_slip)


def test_a_long_slip_goes_on_on_a_second_page() -> None:
    """Forty lines of long values, rare characters and a pad of another shape."""
    dice = random.Random(1)
    lines = tuple(
        SlipLine(
            f"要素{n}",
            f"Element {n}",
            "".join(dice.choices("云南省㐀龘·1a", k=dice.randrange(200))),
        )
        for n in range(40)
    )
    slip = Slip(make.case_id(), "统一业务确认单", "Confirmation slip", lines, make.NOW_MS)
    tall = Signature(300, 900, make.ink().strokes)
    pdf = render_slip(proven(slip, tall))

    assert 2 <= len(pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert "要素39" in text_of(pdf)


def test_the_font_comes_along() -> None:
    """With its licence beside it."""
    assert FONT.exists()
    assert (Path(FONT).parent / "LICENSE").exists()
