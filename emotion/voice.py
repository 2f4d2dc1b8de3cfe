"""Where a recording has voices: Silero VAD (https://github.com/snakers4/silero-vad) on its sound. No words
are recognised and no sound is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from emotion import weights
from emotion.errors import NoAudioStream
from emotion.inference import open_session
from emotion.media import read_audio_blocks
from emotion.types import Float, MediaPath

RATE_HZ: Final = 16_000
WINDOW: Final = 512
WINDOW_US: Final = WINDOW * 1_000_000 // RATE_HZ
QUIETEST: Final = 1e-6
_CONTEXT: Final = 64  # samples before each window that the network wants to see
_STATE: Final = 128
_BLOCK: Final = 2_000  # windows at once, about a minute


@dataclass(frozen=True)
class Heard:
    """What one camera heard, in windows of WINDOW_US from its first frame.

    probs: (W,) float32, of a voice, 0..1. level_db: (W,) float32, root mean square against full scale.
    """

    probs: Float
    level_db: Float

    def __post_init__(self) -> None:
        if self.probs.shape != self.level_db.shape or self.probs.ndim != 1:
            raise ValueError(f"expected (W,) twice, got {self.probs.shape} and {self.level_db.shape}")


class VoiceDetector:
    """The network of the record "voice", in its form for whole stretches."""

    def __init__(self, weights_dir: Path | None = None) -> None:
        """Raises WeightsMissing or WeightsMismatch."""
        self._session = open_session(weights.path_of("voice", weights_dir), threads=1)

    def listen(self, path: MediaPath, *, start_us: int = 0, end_us: int | None = None) -> Heard:
        """Return where a file has voices, in constant memory; windows count from start_us. Raises
        NoAudioStream, UnreadableVideo.
        """
        state = (np.zeros((1, 1, _STATE), np.float32),) * 2
        before = np.zeros(_CONTEXT, np.float32)
        probs, levels = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
        for windows in _windows(path, start_us, end_us):
            context = np.vstack([before, windows[:-1, -_CONTEXT:]])
            inputs = {"input": np.hstack([context, windows]), "h": state[0], "c": state[1]}
            found, *state = self._session.run(None, inputs)
            before = windows[-1, -_CONTEXT:]
            probs.append(np.asarray(found, np.float32))
            levels.append(_level_db(windows))
        return Heard(np.concatenate(probs), np.concatenate(levels))

    def listen_to(self, paths: Mapping[str, MediaPath]) -> dict[str, Heard]:
        """Return what each camera heard, without those that recorded no sound. Raises UnreadableVideo."""
        heard = {}
        for camera, path in paths.items():
            with suppress(NoAudioStream):
                heard[camera] = self.listen(path)
        return heard


def _level_db(windows: Float) -> Float:
    rms = np.sqrt(np.square(windows).mean(1))
    return np.asarray(20 * np.log10(rms + QUIETEST), np.float32)


def _windows(path: MediaPath, start_us: int, end_us: int | None) -> Iterator[Float]:
    """Yield (up to _BLOCK, WINDOW) of a file's sound; the rest after the last whole window is left out."""
    waiting, size = [np.zeros(0, np.float32)], 0
    for block in read_audio_blocks(path, rate_hz=RATE_HZ, start_us=start_us, end_us=end_us):
        waiting.append(block)
        size += block.size
        if size >= _BLOCK * WINDOW:
            sound = np.concatenate(waiting)
            whole = size // WINDOW * WINDOW
            yield sound[:whole].reshape(-1, WINDOW)
            waiting, size = [sound[whole:]], size - whole
    whole = size // WINDOW * WINDOW
    if whole:
        yield np.concatenate(waiting)[:whole].reshape(-1, WINDOW)
