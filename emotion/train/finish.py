"""What is kept of a training: the network, its temperature and scores, the curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import numpy as np

from emotion.evaluate import Answers, summarise_answers
from emotion.recognise import softmax
from emotion.train.data import Faces
from emotion.train.export import Trained, export_onnx
from emotion.train.fit import LOG, predict
from emotion.train.temperature import fit_temperature, held_out_error

NETWORK = "network.onnx"
SCORES = "scores.json"
CURVES = "curves.png"


def finish(net: Trained, validation: Faces, side: int, out: Path) -> dict[str, Any]:
    """Return the scores on the validation faces; network, scores and curves then lie in out beside log.json.

    ece is that of the one temperature for all; ece_held_out that of two halves, each scaled by the other's.
    """
    net.eval()
    (out / NETWORK).write_bytes(export_onnx(net, side))
    logits = predict(net, validation, side)
    labels = validation.targets.argmax(1).astype(np.int64)
    temperature = fit_temperature(logits, labels)
    answers = Answers(list(range(len(labels))), [softmax(logits / np.float32(temperature))])
    scores = summarise_answers(labels, answers)
    del scores["ms_per_face"]
    flipped = predict(net, validation, side, flipped=True).argmax(1)
    scores |= {
        "temperature": round(temperature, 4),
        "ece_held_out": round(held_out_error(logits, labels), 4),
        "accuracy_with_mirrored_faces": round(float((flipped == labels).mean()), 4),
    }
    (out / SCORES).write_text(json.dumps(scores, indent=1) + "\n")
    draw_curves(all_epochs(json.loads((out / LOG).read_text())), out / CURVES)
    return scores


def all_epochs(log: dict[str, Any]) -> list[dict[str, float]]:
    """Return the epochs of a log after those of the training that it started from, numbered through."""
    before = all_epochs(log["start"]) if log.get("start") else []
    return before + [epoch | {"epoch": len(before) + epoch["epoch"]} for epoch in log["epochs"]]


def draw_curves(epochs: list[dict[str, float]], path: Path) -> None:
    """Draw loss, accuracy and macro F1 over the epochs of a log."""
    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    numbers = [epoch["epoch"] + 1 for epoch in epochs]
    axes[0].plot(numbers, [epoch["loss"] for epoch in epochs], color="#0072B2")
    axes[0].set(xlabel="epoch", ylabel="training loss (smoothed labels)")
    for name, colour in (("accuracy", "#0072B2"), ("macro_f1", "#D55E00")):
        axes[1].plot(
            numbers, [100 * epoch[name] for epoch in epochs], color=colour, label=name.replace("_", " ")
        )
    axes[1].set(xlabel="epoch", ylabel="validation, %")
    axes[1].legend(frameon=False)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def averaged_net(averaged: Any) -> Trained:
    """Return the network inside torch's averaged model."""
    return cast(Trained, averaged.module)
