"""How good a model is on a labelled set of faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from emotion.dataset import Dataset, load_dataset
from emotion.detect import FaceDetector
from emotion.labels import EMOTIONS
from emotion.metrics import (
    Labels,
    accuracy,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    recalls,
)
from emotion.recognise import DEFAULT_MODEL, Recogniser, load_recogniser
from emotion.stills import detect_still, largest_face, open_still_detector
from emotion.types import Float, Image

BATCH_FACES: Final = 64
DIGITS: Final = 4


def evaluate_dataset(
    path: Path,
    *,
    model: str = DEFAULT_MODEL,
    weights_dir: Path | None = None,
    crop: str = "auto",
    device: str = "auto",
    threads: int = 0,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """Return the figures of a model on a data set as plain values; see summarise_answers.

    crop: "auto" finds the largest face of each picture, "full" takes the whole picture. progress is told the
    fraction done. Raises UnreadableDataset, UnreadableImage, ValueError for another crop, and what loading
    the model raises.
    """
    dataset = load_dataset(path)
    recogniser = load_recogniser(model, weights_dir, device=device, threads=threads)
    detector = open_still_detector(crop, weights_dir, device=device, threads=threads)
    answers = classify_dataset(dataset, recogniser=recogniser, detector=detector, progress=progress)
    figures = summarise_answers(dataset.labels, answers)
    return {"model": model, "crop": crop, **figures, "ignored_classes": dataset.ignored}


@dataclass
class Answers:
    """What a model said: the numbers of the pictures with a face, probabilities (M, 7), seconds it took."""

    numbers: list[int] = field(default_factory=list)
    rows: list[Float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def probs(self) -> Float:
        """Return the probabilities (M, 7), M may be 0."""
        return np.concatenate([np.zeros((0, len(EMOTIONS)), np.float32), *self.rows])


def classify_dataset(
    dataset: Dataset,
    *,
    recogniser: Recogniser,
    detector: FaceDetector | None,
    progress: Callable[[float], None] | None = None,
) -> Answers:
    """Return a recogniser's answers; pictures are read, classified and forgotten a batch at a time."""
    answers = Answers()
    for start in range(0, len(dataset), BATCH_FACES):
        numbers = range(start, min(start + BATCH_FACES, len(dataset)))
        faces = {
            number: face
            for number in numbers
            if (face := _face_of(dataset.readers[number](), recogniser, detector)) is not None
        }
        began = perf_counter()
        answers.rows.append(recogniser.classify(list(faces.values())))
        answers.seconds += perf_counter() - began
        answers.numbers.extend(faces)
        if progress is not None:
            progress(numbers.stop / len(dataset))
    return answers


def summarise_answers(labels: Labels, answers: Answers) -> dict[str, Any]:
    """Return the figures of one evaluation, None for what cannot be measured.

    n: pictures of the set. n_classified: those with a face; accuracy, macro_f1, recall, confusion (rows true,
    columns predicted, both in the order of classes) and ece are of these. accuracy_of_all counts a picture
    without a face as a wrong answer. macro_f1 is over the classes that occur. ms_per_face: recognition
    without detection.
    """
    probs, truth = answers.probs, labels[answers.numbers]
    confusion = confusion_matrix(truth, probs.argmax(axis=1).astype(np.int64), len(EMOTIONS))
    total, classified = len(labels), len(answers.numbers)
    return {
        "n": total,
        "n_classified": classified,
        "detection_rate": _rounded(classified / total if total else None),
        "accuracy": _rounded(accuracy(confusion)),
        "accuracy_of_all": _rounded(float(np.trace(confusion)) / total if total else None),
        "macro_f1": _rounded(macro_f1(confusion)),
        "recall": {name: _rounded(value) for name, value in zip(EMOTIONS, recalls(confusion), strict=True)},
        "classes": list(EMOTIONS),
        "confusion": confusion.tolist(),
        "ece": _rounded(expected_calibration_error(probs, truth)),
        "ms_per_face": _rounded(1000 * answers.seconds / classified if classified else None),
    }


def _face_of(image: Image, recogniser: Recogniser, detector: FaceDetector | None) -> Image | None:
    if detector is None:
        return image
    found = detect_still(image, detector)
    return recogniser.crop(image, found, largest_face(found)) if len(found) else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
