"""A virtual microphone: somebody hums for as long as was asked, a little differently each time.

The recording is there at once, so that no story waits for it, and its duration is honest: as many
samples as the seconds asked for. Deliberately not here: speech.
"""

from __future__ import annotations

import math
import random
from array import array
from sys import byteorder

from hw.framing import capture
from hw.transport import FaultPlan
from hw.virtual.capture import VirtualCaptureDevice
from wire.form import Capability
from wire.sound import RECORDING_S_MAX, SAMPLES_PER_S, wav

RECORDING_S = 0.1
"""From arming to a ready recording, in seconds."""

LOUDNESS = 6_000
PITCH_HZ = (110, 240)
"""Between which the voice lies."""


def hum(seconds: int, dice: random.Random) -> bytes:
    """A recording of so many seconds: one tone that swells and fades like breath."""
    pitch = dice.randint(*PITCH_HZ)
    breath = dice.uniform(2.5, 4.0)
    # One second of tone, a whole number of waves long, is repeated; only the loudness moves.
    tone = [math.sin(math.tau * pitch * at / SAMPLES_PER_S) for at in range(SAMPLES_PER_S)]
    samples = array("h")
    for second in range(seconds):
        loud = LOUDNESS * (0.6 + 0.4 * math.sin(math.tau * second / breath))
        samples.extend(round(loud * sample) for sample in tone)
    if byteorder == "big":
        samples.byteswap()
    return wav(samples.tobytes())


class VirtualMicrophone(VirtualCaptureDevice):
    """The far end of a microphone's line."""

    def __init__(self, dice: random.Random, plan: FaultPlan) -> None:
        self._dice = dice
        super().__init__(Capability.MICROPHONE, self._listen, plan, RECORDING_S)

    def _listen(self, subject: str) -> bytes | None:
        seconds = capture.sound_seconds(subject)
        if seconds is None or not 0 < seconds <= RECORDING_S_MAX:
            return None
        return hum(seconds, self._dice)


__all__ = ["RECORDING_S", "VirtualMicrophone", "hum"]
