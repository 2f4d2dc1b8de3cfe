"""The numbers of both cards as rows for people: a name, the value in words, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class CardRow:
    """One line of a card. share: 0..1 for a bar, None without one. control: the same of encoding alone."""

    name: str
    value: str
    meaning: str
    share: float | None = None
    control: str = ""


def privacy_rows(card: Mapping[str, Any]) -> list[CardRow]:
    """Return the privacy card in lines."""
    frames, bare = card["frames"], card["residual_face_frames"]
    rows = [
        CardRow(
            "Faces as they were",
            f"{bare} of {frames} frames",
            f"with 95 % confidence at most {card['residual_rate_upper95']:.2%} of frames",
        ),
        CardRow(
            "Finds the person",
            _percent(card["rank1"]),
            f"in a gallery of {card['gallery_size']}; chance is {_percent(card['rank1_chance'])}",
            card["rank1"],
        ),
        CardRow(
            "Taken for the person",
            _percent(card["tar_at_far_1e2"]),
            "at a threshold that 1 % of pairs of strangers reach, by the better of two recognisers",
            card["tar_at_far_1e2"],
        ),
        CardRow(
            "Mean likeness",
            _number(card["similarity"]["mean"]),
            f"cosine to the person; the threshold is {card['threshold']:.2f}",
        ),
    ]
    informed = card.get("informed")  # versions from before it was measured have none
    if informed is not None:
        rows.append(
            CardRow(
                "Finds the person, knowing the method",
                _percent(informed["rank1"]),
                f"in a gallery of {informed['gallery_size']}, by somebody who {informed['attacker']}; "
                f"hair, place and light alone: {_percent(informed['control']['rank1'])}",
                informed["rank1"],
            )
        )
    restored = card.get("restored")
    if restored is not None:
        rows.append(
            CardRow(
                "Finds the person after restoring",
                _percent(restored["rank1"]),
                "the same, after many frames were averaged and the blur or mosaic was divided out",
                restored["rank1"],
            )
        )
    return rows


def expression_rows(card: Mapping[str, Any]) -> list[CardRow]:
    """Return the expression card in lines, each beside the control."""
    control = card["control"]
    rows = [
        CardRow(
            "Face still found",
            _percent(card["detection_retained"]),
            "of the frames in which it was found before",
            card["detection_retained"],
            _percent(control["detection_retained"]),
        ),
        CardRow(
            "Classified alike",
            _percent(card["agreement"]),
            "of the seconds, by the model that agrees least",
            card["agreement"],
            _percent(control["agreement"]),
        ),
    ]
    for name, value in card["landmark_channels"].items():
        rows.append(
            CardRow(
                f"Movement: {name.replace('_', ' ')}",
                _number(value),
                "correlation over time with the original",
                None if value is None else max(0.0, value),
                _number(control["channels"][name]),
            )
        )
    return rows


def _percent(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.0%}"


def _number(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.2f}"
