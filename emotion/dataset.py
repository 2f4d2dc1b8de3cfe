"""Labelled sets of face pictures: a folder with one sub-folder per class, or a NumPy archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from emotion.errors import UnreadableDataset
from emotion.labels import EMOTIONS
from emotion.media import read_image
from emotion.types import Image

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
SPELLINGS: Final = {
    "anger": ("anger", "angry"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid"),
    "happiness": ("happiness", "happy", "joy"),
    "neutral": ("neutral",),
    "sadness": ("sadness", "sad"),
    "surprise": ("surprise", "surprised"),
}
EMOTION_OF: Final = {spelling: emotion for emotion, names in SPELLINGS.items() for spelling in names}


@dataclass(frozen=True)
class Dataset:
    """Pictures that are read when they are needed, and the numbers of their emotions in EMOTIONS.

    ignored: how many pictures were left out of each class that is none of the seven emotions.
    """

    readers: Sequence[Callable[[], Image]]
    labels: NDArray[np.int64]
    ignored: dict[str, int]

    def __len__(self) -> int:
        return len(self.readers)


def load_dataset(path: Path) -> Dataset:
    """Return the labelled pictures of a folder or an .npz archive.

    Archive: images (N, H, W) grey or (N, H, W, 3) RGB uint8, labels (N,) integers, classes (names). Raises
    UnreadableDataset when it is neither, or when no class is one of the seven emotions.
    """
    if path.is_dir():
        dataset = _load_folder(path)
    elif path.suffix.lower() == ".npz" and path.is_file():
        dataset = _load_archive(path)
    else:
        raise UnreadableDataset(f"expected a folder with one sub-folder per class or an .npz, got {path}")
    if not len(dataset):
        raise UnreadableDataset(f"{path.name} has no picture of {', '.join(EMOTIONS)}")
    return dataset


def emotion_number(class_name: str) -> int | None:
    """Return the place in EMOTIONS of a class as data sets spell it, None when it is none of them.

    >>> emotion_number("Happy"), emotion_number("contempt")
    (3, None)
    """
    emotion = EMOTION_OF.get(class_name.strip().lower())
    return None if emotion is None else EMOTIONS.index(emotion)


def _load_folder(folder: Path) -> Dataset:
    readers: list[Callable[[], Image]] = []
    labels: list[int] = []
    ignored: dict[str, int] = {}
    for class_folder in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        files = sorted(file for file in class_folder.rglob("*") if file.suffix.lower() in SUFFIXES)
        number = emotion_number(class_folder.name)
        if number is None:
            ignored |= {class_folder.name: len(files)} if files else {}
            continue
        readers.extend(partial(read_image, file) for file in files)
        labels.extend([number] * len(files))
    return Dataset(readers, np.array(labels, np.int64), ignored)


def _load_archive(path: Path) -> Dataset:
    images, labels, classes = _read_arrays(path)
    numbers = [emotion_number(str(name)) for name in classes]
    kept = [index for index, label in enumerate(labels) if numbers[label] is not None]
    counts = Counter(str(classes[label]) for label in labels)
    ignored = {str(name): counts[str(name)] for name, n in zip(classes, numbers, strict=True) if n is None}
    readers = [partial(_as_bgr, images[index]) for index in kept]
    return Dataset(readers, np.array([numbers[labels[index]] for index in kept], np.int64), ignored)


def _read_arrays(path: Path) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, labels, classes = (archive[name] for name in ("images", "labels", "classes"))
    except (KeyError, ValueError, OSError, EOFError, BadZipFile) as error:
        raise UnreadableDataset(
            f"{path.name}: expected an archive with images, labels and classes: {error}"
        ) from error
    if images.dtype != np.uint8 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)):
        raise UnreadableDataset(
            f"{path.name}: expected images (N, H, W[, 3]) uint8, got {images.shape} {images.dtype}"
        )
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise UnreadableDataset(
            f"{path.name}: expected {len(images)} whole-number labels, got {labels.shape} {labels.dtype}"
        )
    if classes.ndim != 1 or (labels.size and not 0 <= labels.min() <= labels.max() < len(classes)):
        raise UnreadableDataset(f"{path.name}: expected labels below the number of classes {classes.shape}")
    return images, labels, classes


def _as_bgr(image: Image) -> Image:
    """Return (H, W, 3) BGR from grey (H, W) or RGB (H, W, 3)."""
    colours = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., ::-1]
    return np.ascontiguousarray(colours)
