"""Pass, review or fail: the numbers of an audit against thresholds that a study may set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Thresholds:
    """What a study asks of a file before it may be released.

    tar: share of faces that may be as like the person as 1 % of strangers. rank1_over_chance: how far the
    share of faces that find their person may lie above chance; informed_over_chance: the same for an attacker
    who has the method, above what is found under a box. agreement, correlation: of the control's.
    """

    similarity: float = 0.15
    tar: float = 0.01
    rank1_over_chance: float = 0.10
    detection_retained: float = 0.99
    agreement: float = 0.80
    correlation: float = 0.95
    informed_over_chance: float = 0.10


def judge(cards: Mapping[str, Mapping[str, Any]], thresholds: Thresholds) -> dict[str, Any]:
    """Return {"verdict", "reasons"}: fail where privacy is lost, review where a person has to decide."""
    privacy = cards["privacy"]
    failed = [*_privacy_failures(privacy, thresholds), *_media_failures(cards["media"])]
    doubtful = [
        *_privacy_doubts(privacy, thresholds),
        *_informed_doubts(privacy, thresholds),
        *_expression_doubts(cards["expression"], thresholds),
    ]
    verdict = "fail" if failed else "review" if doubtful else "pass"
    return {"verdict": verdict, "reasons": failed + doubtful}


def _privacy_failures(card: Mapping[str, Any], limits: Thresholds) -> list[str]:
    reasons = []
    if card["residual_face_frames"]:
        reasons.append(
            f"a face is as it was in {card['residual_face_frames']} of {card['frames']} frames looked at"
        )
    if card["tar_at_far_1e2"] is not None and card["tar_at_far_1e2"] > limits.tar:
        reasons.append(
            f"{card['tar_at_far_1e2']:.0%} of the faces are as like the person as only 1 % of strangers are"
        )
    if card["rank1"] is not None and card["rank1"] > card["rank1_chance"] + limits.rank1_over_chance:
        reasons.append(
            f"{card['rank1']:.0%} of the faces find their person among {card['gallery_size']}; "
            f"chance is {card['rank1_chance']:.1%}"
        )
    return [*reasons, *_restored_failures(card, limits)]


def _restored_failures(card: Mapping[str, Any], limits: Thresholds) -> list[str]:
    found = card["restored"]
    if found is None:
        return []
    reasons = []
    if found["tar_at_far_1e2"] is not None and found["tar_at_far_1e2"] > limits.tar:
        reasons.append(
            f"with the mask undone in part, {found['tar_at_far_1e2']:.0%} of the faces are as like the "
            "person as only 1 % of strangers are"
        )
    if found["rank1"] is not None and found["rank1"] > card["rank1_chance"] + limits.rank1_over_chance:
        reasons.append(
            f"with the mask undone in part, {found['rank1']:.0%} of the faces find their person among "
            f"{card['gallery_size']}; chance is {card['rank1_chance']:.1%}"
        )
    return reasons


def _privacy_doubts(card: Mapping[str, Any], limits: Thresholds) -> list[str]:
    reasons = []
    mean = card["similarity"]["mean"]
    if mean is not None and mean > limits.similarity:
        reasons.append(f"the mean likeness to the person is {mean:.2f}, above {limits.similarity:.2f}")
    if card["rank1"] is None:
        reasons.append("how often the person is found among others was not measured: no gallery")
    return reasons


def _informed_doubts(card: Mapping[str, Any], limits: Thresholds) -> list[str]:
    found = card["informed"]
    if found is None or found["rank1"] is None:
        why = card["informed_missing"] or "no face of the person could be tried"
        return [f"not measured: what an attacker who knows the method would find; {why}"]
    reasons = []
    beside = max(found["rank1_chance"], found["control"]["rank1"] or 0.0)
    if found["rank1"] > beside + limits.informed_over_chance:
        reasons.append(
            f"somebody who has the method and other frames of the person finds them in {found['rank1']:.0%} "
            f"of the faces among {found['gallery_size']}; hair, place and light alone, or chance, find them "
            f"in {beside:.0%}"
        )
    most = max(one["beside"] for one in found["recognisers"])
    if most + limits.informed_over_chance >= 1:
        reasons.append(
            "whether the face still leads somebody who has the method to the person cannot be told: hair, "
            f"place and light alone find them in {most:.0%}"
        )
    return reasons


def _media_failures(card: Mapping[str, Any]) -> list[str]:
    reasons = []
    if card["frames_in"] != card["frames_out"]:
        reasons.append(f"{card['frames_out']} frames instead of {card['frames_in']}")
    if not card["metadata_removed"]:
        reasons.append("the file still says when it was recorded")
    if card["synthetic_mark"] is None:
        reasons.append("the file does not say that its faces were altered")
    if card["audio"] != "none" and (card["heard"] or {}).get("sound") not in (
        "noise",
        "masked-in-spans",
        "kept",
    ):
        reasons.append("the file has sound, and does not say whose voices are heard in it")
    return reasons


def _expression_doubts(card: Mapping[str, Any], limits: Thresholds) -> list[str]:
    if card["detection_retained"] is None or card["agreement"] is None:
        return ["no expression can be read from the result"]
    reasons = []
    if card["detection_retained"] < limits.detection_retained:
        reasons.append(f"a face is found in {card['detection_retained']:.1%} of the frames where it was")
    if card["agreement"] < limits.agreement:
        reasons.append(
            f"the expression is classified alike in {card['agreement']:.0%} of the seconds by the worse of "
            f"{len(card['models'])} models; encoding alone keeps {_percent(card['control']['agreement'])}"
        )
    weak = [
        name for name, r in card["relative_to_control"].items() if r is not None and r < limits.correlation
    ]
    if weak:
        reasons.append("moves less like the original: " + ", ".join(name.replace("_", " ") for name in weak))
    return reasons


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.0%}"
