"""The two cards of an audit, from what was read in the original, the result and the control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from deid.expression import compare_model, correlate_channels, jitter_of, mean_of, read_seconds
from deid.gallery import unit
from deid.landmarks import CHANNELS
from deid.privacy import Attack, measure_attack, upper_bound
from deid.readings import Version
from deid.recognisers import Identifier
from emotion.labels import EMOTIONS
from emotion.types import Float


def privacy_card(
    versions: Sequence[Version],
    residual: tuple[int, int],
    others: Mapping[str, Float],
    identifiers: Sequence[Identifier],
) -> dict[str, Any]:
    """Return the privacy card. residual: frames with a face as it was, of how many. others: enrol_gallery.

    Headline numbers are those of the worst case over recognisers and ways to cut the face; likeness is that
    of the first recogniser. restored: the same after an attempt to undo the mask, None for a method that has
    nothing to undo. control: the same numbers of the original encoded again, which is what a result
    that hides nothing would get.
    """
    attacks: list[Attack] = []
    restored: list[Attack] = []
    reference: list[Attack] = []
    people = 0
    for identifier in identifiers:
        own = _enrol(versions[0].found.get(identifier.name, []))
        strangers = others.get(identifier.name, np.zeros((0, identifier.embedder.size), np.float32))
        people = max(people, len(own) + len(strangers))
        gallery = np.concatenate([*(vector[None] for vector in own.values()), strangers])
        for kind, version in ((attacks, versions[1]), (reference, versions[2])):
            for crops, readings in (("found", version.found), ("where the face was", version.placed)):
                seen = readings.get(identifier.name, [])
                kind.append(_attack(seen, list(own), gallery, identifier, crops))
        undone = versions[1].restored.get(identifier.name, [])
        if undone:
            restored.append(_attack(undone, list(own), gallery, identifier, "restored"))
    count, looks = residual
    return {
        "frames": looks,
        "residual_face_frames": count,
        "residual_rate_upper95": round(upper_bound(count, looks), 5),
        **_worst(attacks, identifiers[0].name),
        "rank1_chance": 1 / people if people > 1 else None,
        "recognisers": [asdict(attack) for attack in attacks],
        "gallery_size": people,
        "threshold": identifiers[0].far_1e2,
        "restored": _restored(restored, identifiers[0].name) if restored else None,
        "control": _worst(reference, identifiers[0].name),
    }


def _worst(attacks: Sequence[Attack], first: str) -> dict[str, Any]:
    """Return the headline numbers of attacks. first: the recogniser whose likeness counts."""
    likeness = [attack for attack in attacks if attack.recogniser == first]
    return {
        "rank1": _largest([attack.rank1 for attack in attacks]),
        "rank1_lower95": _largest([attack.rank1_lower95 for attack in attacks]),
        "tar_at_far_1e2": _largest([attack.tar_at_far_1e2 for attack in attacks]),
        "similarity": {
            "mean": _largest([attack.similarity_mean for attack in likeness]),
            "max": _largest([attack.similarity_max for attack in likeness]),
        },
    }


def _restored(attacks: Sequence[Attack], first: str) -> dict[str, Any]:
    return {**_worst(attacks, first), "recognisers": [asdict(attack) for attack in attacks]}


def _attack(
    readings: Sequence[tuple[int, Float]],
    tracks: Sequence[int],
    gallery: Float,
    identifier: Identifier,
    crops: str,
) -> Attack:
    known = [(track, vector) for track, vector in readings if track in tracks]
    return measure_attack(
        np.array([vector for _, vector in known], np.float32).reshape(len(known), identifier.embedder.size),
        np.array([tracks.index(track) for track, _ in known], np.int64),
        gallery,
        recogniser=identifier.name,
        crops=crops,
        threshold=identifier.far_1e2,
    )


def _enrol(readings: Sequence[tuple[int, Float]]) -> dict[int, Float]:
    """Return the mean embedding of each track in the original: the most that an attacker could have."""
    by_track: dict[int, list[Float]] = {}
    for track, vector in readings:
        by_track.setdefault(track, []).append(vector)
    return {track: unit(np.mean(vectors, axis=0)) for track, vectors in by_track.items()}


def _largest(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if known else None


def expression_card(versions: Sequence[Version], models: Sequence[str]) -> dict[str, Any]:
    """Return the expression card: the result against the original, beside the control against the original.

    agreement and kappa are those of the model that agrees least.
    """
    original, output, control = versions
    result, reference = (compare_versions(original, other, models) for other in (output, control))
    relative = {
        name: value / reference["channels"][name]
        if value is not None and (reference["channels"][name] or 0) > 0
        else None
        for name, value in result["channels"].items()
    }
    return {
        **{key: result[key] for key in ("detection_retained", "agreement", "kappa", "per_emotion")},
        "landmark_correlation": mean_of(result["channels"]),
        "jitter_ratio": result["jitter_ratio"],
        "landmark_channels": result["channels"],
        "relative_to_control": relative,
        "models": result["models"],
        "control": reference,
    }


def compare_versions(original: Version, other: Version, models: Sequence[str]) -> dict[str, Any]:
    """Return what can be read of the main person's expression in another version as in the original."""
    found = [
        compare_model(name, *(_seconds(side.probs.get(name, [])) for side in (original, other)))
        for name in models
    ]
    shared = sorted(original.channels.keys() & other.channels.keys())
    before, after = (
        np.array([side.channels[at] for at in shared], np.float32).reshape(len(shared), len(CHANNELS))
        for side in (original, other)
    )
    still, trembling = (jitter_of(np.array([side.meshes[at] for at in shared])) for side in (original, other))
    seen = sum(original.detected)
    kept = sum(now and then for now, then in zip(other.detected, original.detected, strict=True))
    return {
        "detection_retained": kept / seen if seen else None,
        "agreement": min((one.agreement for one in found if one.agreement is not None), default=None),
        "kappa": min((one.kappa for one in found if one.kappa is not None), default=None),
        "per_emotion": {
            emotion: mean_of({one.model: one.ccc[emotion] for one in found}) for emotion in EMOTIONS
        },
        "channels": correlate_channels(before, after),
        "jitter_ratio": trembling / still if still and trembling is not None else None,
        "models": [asdict(one) for one in found],
    }


def _seconds(readings: Sequence[tuple[int, Float]]) -> dict[int, Float]:
    return read_seconds([at for at, _ in readings], [probs for _, probs in readings])
