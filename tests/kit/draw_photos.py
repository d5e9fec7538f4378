"""Draws the scenes that the virtual camera hands out: `python -m tests.kit.draw_photos`.

The files are package data (`hw/virtual/photos`), so the virtual camera needs no image library. They
show drawn people and invented cards, captioned as samples, sharp enough for the photo rules.
"""

from __future__ import annotations

import io
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parents[2] / "hw" / "virtual" / "photos"
FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
SIZE = (1280, 960)
QUALITY = 72

Colour = tuple[int, int, int]

TABLE: Colour = (146, 104, 66)
WALL: Colour = (214, 206, 188)
SKIN: Colour = (226, 182, 146)
DARK: Colour = (38, 34, 32)
RED: Colour = (178, 34, 34)


class Scene:
    """One picture in the making."""

    def __init__(self, seed: str, background: Colour) -> None:
        self.dice = random.Random(seed)
        self.image = Image.new("RGB", SIZE, background)
        self.draw = ImageDraw.Draw(self.image)

    def text(self, at: tuple[int, int], words: str, size: int, colour: Colour = DARK) -> None:
        self.draw.text(at, words, font=ImageFont.truetype(FONT, size), fill=colour)

    def box(self, corners: tuple[int, int, int, int], colour: Colour, radius: int = 24) -> None:
        self.draw.rounded_rectangle(corners, radius, fill=colour, outline=DARK, width=3)

    def wood(self, top: int) -> None:
        """A table's grain: thin lines that give a lens something to be sharp about."""
        self.draw.rectangle((0, top, *SIZE), fill=TABLE)
        for y in range(top, SIZE[1], 9):
            shade = self.dice.randint(-26, 20)
            line: Colour = (TABLE[0] + shade, TABLE[1] + shade, TABLE[2] + shade)
            self.draw.line((0, y, SIZE[0], y + self.dice.randint(-14, 14)), fill=line, width=2)

    def guilloche(self, corners: tuple[int, int, int, int], colour: Colour) -> None:
        """The fine waves on a card."""
        left, top, right, bottom = corners
        for n, y in enumerate(range(top + 16, bottom - 16, 14)):
            points = [
                (x, y + self.dice.randint(-3, 3) + (6 if (x // 40 + n) % 2 else -6))
                for x in range(left + 16, right - 16, 20)
            ]
            self.draw.line(points, fill=colour, width=1)

    def person(self, x: int, y: int, scale: float, shirt: Colour, hair: Colour) -> None:
        """Head and shoulders, with a face."""

        def at(*numbers: float) -> tuple[float, ...]:
            return tuple(
                (x if n % 2 == 0 else y) + value * scale for n, value in enumerate(numbers)
            )

        draw = self.draw
        draw.rounded_rectangle(at(-150, 120, 150, 420), 70 * scale, shirt, DARK, 3)
        draw.rectangle(at(-34, 70, 34, 140), fill=SKIN)
        draw.ellipse(at(-92, -128, 92, 96), fill=hair)
        draw.ellipse(at(-78, -92, 78, 112), fill=SKIN, outline=DARK, width=2)
        for side in (-1, 1):
            draw.ellipse(at(side * 32 - 11, -14, side * 32 + 11, 6), fill=(255, 255, 255))
            draw.ellipse(at(side * 32 - 5, -9, side * 32 + 5, 3), fill=DARK)
            draw.arc(at(side * 32 - 18, -34, side * 32 + 18, -8), 200, 340, DARK, 3)
        draw.line(at(0, 4, -6, 36, 8, 38), fill=(178, 128, 98), width=3)
        draw.arc(at(-30, 38, 30, 76), 20, 160, RED, 4)
        for n in range(-5, 6):
            draw.line(at(n * 24, 200, n * 24 + 6, 410), fill=DARK, width=1)

    def jpeg(self) -> bytes:
        out = io.BytesIO()
        self.image.save(out, "JPEG", quality=QUALITY, optimize=True)
        return out.getvalue()


def id_front() -> Scene:
    scene = Scene("id_front", WALL)
    scene.wood(0)
    card = (170, 180, 1110, 780)
    scene.box(card, (224, 236, 240))
    scene.guilloche(card, (176, 206, 214))
    for n, (label, value) in enumerate(
        (("姓名", "样本·示例"), ("性别", "女    民族  汉"), ("出生", "1970 年 1 月 1 日"))
    ):
        scene.text((230, 240 + n * 84), f"{label}  {value}", 40)
    scene.text((230, 492), "住址  云南省示例县示例乡", 40)
    scene.text((318, 548), "小河村 12 号", 40)
    scene.text((230, 690), "公民身份号码  样本无效", 40)
    scene.box((820, 240, 1060, 560), (240, 244, 246), 8)
    scene.person(940, 328, 0.54, (70, 96, 120), DARK)
    scene.text((470, 820), "居民身份证 · 人像面（样本）", 36, (250, 244, 230))
    return scene


def id_back() -> Scene:
    scene = Scene("id_back", WALL)
    scene.wood(0)
    card = (170, 180, 1110, 780)
    scene.box(card, (222, 232, 236))
    scene.guilloche(card, (182, 204, 208))
    scene.draw.ellipse((220, 230, 380, 390), fill=RED, outline=(212, 175, 55), width=10)
    scene.text((430, 246), "中华人民共和国（样本）", 54)
    scene.text((470, 344), "居 民 身 份 证", 66)
    scene.text((300, 590), "签发机关    示例县公安局", 42)
    scene.text((300, 676), "有效期限    2020.01.01-长期", 42)
    scene.text((470, 820), "居民身份证 · 国徽面（样本）", 36, (250, 244, 230))
    return scene


def customer() -> Scene:
    scene = Scene("customer", WALL)
    for x in range(0, SIZE[0], 80):
        for y in range(0, 620, 40):
            left = x - 40 * (y // 40 % 2)
            scene.draw.rectangle((left, y, left + 78, y + 38), outline=(186, 172, 148), width=2)
    scene.box((60, 60, 430, 200), (252, 248, 236), 10)
    scene.text((86, 80), "面签留影", 54, RED)
    scene.text((88, 148), "客户与经办人员（样本）", 28)
    scene.person(430, 380, 1.0, (60, 92, 140), (120, 112, 104))
    scene.person(860, 360, 1.0, (34, 110, 74), DARK)
    scene.wood(760)
    scene.text((360, 800), "客户", 44, (250, 244, 230))
    scene.text((764, 800), "经办 · 农信社", 44, (250, 244, 230))
    return scene


def card() -> Scene:
    scene = Scene("card", WALL)
    scene.wood(0)
    face = (170, 190, 1110, 780)
    scene.box(face, (22, 108, 84), 40)
    scene.guilloche(face, (40, 138, 108))
    scene.text((230, 240), "农村信用社（样本）", 56, (248, 240, 214))
    scene.box((240, 360, 390, 480), (214, 184, 92), 16)
    for x in (290, 340):
        scene.draw.line((x, 360, x, 480), fill=DARK, width=3)
    scene.draw.line((240, 420, 390, 420), fill=DARK, width=3)
    scene.text((236, 540), "62•• •••• •••• •••• •••", 64, (248, 240, 214))
    scene.text((860, 680), "借记卡", 52, (248, 240, 214))
    scene.text((520, 830), "银行卡正面（样本）", 36, (250, 244, 230))
    return scene


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (id_front, id_back, customer, card):
        (FOLDER / f"{make.__name__}.jpg").write_bytes(make().jpeg())


if __name__ == "__main__":
    main()
