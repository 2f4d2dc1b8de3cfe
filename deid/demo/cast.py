"""The people of the demonstration: a doctor, a patient, and a nurse who walks through. All synthetic."""

from __future__ import annotations

from deid.heads.clothes import Clothes
from deid.heads.expressions import both_sides
from deid.heads.look import Identity, Look
from deid.heads.person import Person, make_person

DOCTOR = Identity(
    "doctor",
    {"gender": 0.95, "age": 0.72, "caucasian": 1.0, "weight": 0.5, "muscle": 0.45},
    {"nose-scale-horiz-decr": 0.35, "nose-scale-vert-decr": 0.2, "mouth-scale-horiz-incr": 0.15},
    Look(
        skin=(0.83, 0.66, 0.57), lip=(0.70, 0.41, 0.39), iris=(0.36, 0.28, 0.18), hair=(0.22, 0.14, 0.09),
        lines=0.25, hair_depth_cm=1.8, brow_thickness_cm=0.38, brow_height_cm=-0.28, brow_arch_cm=0.33,
        recession_cm=0.3, seed=3,
    ),
    both_sides({"eyeBlink": 0.2, "eyeSquint": 0.08}),
)  # fmt: skip

PATIENT = Identity(
    "patient",
    {"gender": 0.05, "age": 0.86, "caucasian": 0.75, "asian": 0.1, "african": 0.15, "weight": 0.6},
    {},
    Look(
        skin=(0.74, 0.55, 0.45), lip=(0.60, 0.38, 0.35), iris=(0.25, 0.17, 0.10), hair=(0.16, 0.13, 0.11),
        lines=0.6, stubble=0.5, grey=0.35, brow_thickness_cm=0.55, recession_cm=1.4, seed=9,
    ),
    both_sides({"mouthSmile": 0.04}),
)  # fmt: skip

NURSE = Identity(
    "nurse",
    {"gender": 0.9, "age": 0.68, "african": 0.85, "caucasian": 0.15, "weight": 0.5},
    {"mouth-scale-horiz-incr": 0.2},
    Look(
        skin=(0.46, 0.31, 0.23), lip=(0.45, 0.25, 0.23), iris=(0.20, 0.12, 0.07), hair=(0.07, 0.06, 0.05),
        lines=0.15, hair_depth_cm=0.9, brow_thickness_cm=0.38, seed=17,
    ),
)  # fmt: skip

WARDROBE = {
    "doctor": Clothes(top=(0.50, 0.64, 0.78), v_depth_cm=4.5, coat=(0.90, 0.91, 0.92)),
    "patient": Clothes(top=(0.30, 0.36, 0.33)),
    "nurse": Clothes(top=(0.33, 0.55, 0.58), v_depth_cm=4.0),
}


def cast_person(identity: Identity) -> Person:
    """Return a member of the cast in his or her clothes."""
    return make_person(identity, WARDROBE[identity.name])
