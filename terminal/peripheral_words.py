"""What a teller reads when a peripheral did not do its work: one sentence that says what to do."""

from __future__ import annotations

from typing import Final

from hw.errors import (
    BatteryLow,
    CaptureEnded,
    CardCode,
    CardProblem,
    PeripheralBusy,
    PeripheralError,
    PinEnd,
    PinEntryEnded,
    PrinterCode,
    PrinterProblem,
    PrintUnknown,
    Unsupported,
)
from wire.message import Code, Refusal

CARDS: Final[dict[CardCode, str]] = {
    CardCode.NO_CARD: "没有检测到证卡，请放好后重试",
    CardCode.REMOVED: "证卡被提前取走，请放好后重试",
    CardCode.MUTE: "卡片没有响应，请更换卡片或重试",
    CardCode.WRONG_CARD: "这不是需要的证卡，请核对",
    CardCode.READ_FAILED: "证卡读取失败，请重试",
    CardCode.AUTH_FAILED: "证件未通过安全认证，请核对证件",
    CardCode.NOT_AUTHORISED: "读卡器未授权，请联系科技部门",
    CardCode.NOT_A_BANK_CARD: "这不是银行卡，请更换",
}

PINS: Final[dict[PinEnd, str]] = {
    PinEnd.CANCELLED: "客户取消了输入",
    PinEnd.TIMED_OUT: "客户输入超时，请重试",
    PinEnd.TAMPERED: "密码键盘安全自检未通过，已停用",
    PinEnd.MISMATCH: "两次输入的密码不一致，请重新设置",
    PinEnd.WEAK: "密码过于简单，请客户重新设置",
    PinEnd.LOST: "与密码键盘的连接中断，请重新输入",
}

PRINTER: Final[dict[PrinterCode, str]] = {
    PrinterCode.PAPER_OUT: "打印机缺纸，请装纸后重试",
    PrinterCode.COVER_OPEN: "打印机上盖未合好",
    PrinterCode.OVERHEAT: "打印机过热，请稍候再打",
    PrinterCode.FAULT: "打印机故障",
}


def in_words(error: PeripheralError, field: str) -> Refusal:
    """The error as a refusal of a form field; always worth another try by the teller."""
    match error:
        case CardProblem(code=code):
            return Refusal(Code.EVIDENCE, CARDS[code], field, retryable=True)
        case PinEntryEnded(reason=reason):
            return Refusal(Code.PIN, PINS[reason], field, retryable=True)
        case PrinterProblem(code=printer):
            return Refusal(Code.POSTURE, PRINTER[printer], field, retryable=True)
        case PrintUnknown():
            words = "打印结果不确定，请查看打印机"
        case CaptureEnded():
            words = "没有采集成功，请重试"
        case BatteryLow(percent=percent):
            words = f"外设电量仅剩{percent}%，请充电后再试"
        case PeripheralBusy():
            words = "外设正忙，请稍候"
        case Unsupported():
            words = "本机没有可用的外设"
        case _:
            words = "外设没有响应，请检查电源和连接后重试"
    return Refusal(Code.EVIDENCE, words, field, retryable=True)


__all__ = ["CARDS", "PINS", "PRINTER", "in_words"]
