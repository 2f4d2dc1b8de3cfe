from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import find_peaks

from deid.heads.mouth import mouth_layers
from deid.heads.pack import default_pack
from deid.heads.person import make_bare
from deid.heads.render import Camera, develop, render_person
from deid.heads.sample import sample_identity
from deid.heads.shape import Pose

CLOSED = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
EYES = Camera((96, 160), 1150.0, (0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def person():
    return make_bare(sample_identity(3))


def test_every_jaw_shows_fourteen_teeth_in_red_gums():
    teeth = next(layer for layer in mouth_layers(default_pack()) if layer.name == "teeth").texture
    for jaw in np.split(teeth, 2):
        gaps, _ = find_peaks(-np.log(jaw[3, :, 0]), prominence=0.2)
        assert len(gaps) == 15  # before, between and behind them
        tooth, gum = jaw[10].max(axis=0), jaw[-1].max(axis=0)
        assert gum[0] / gum[2] > 2 * tooth[0] / tooth[2]


@pytest.mark.parametrize("expression", [{}, CLOSED], ids=["open", "closed"])
def test_lashes_draw_a_dark_line_along_each_upper_lid(person, expression):
    bald = replace(person, layers=tuple(one for one in person.layers if one.name != "lash"))
    seen = {
        name: develop(render_person(one, expression, Pose(), EYES, oversampling=1.0).rgb).astype(int)
        for name, one in (("lashes", person), ("none", bald))
    }
    darker = (seen["none"].sum(axis=2) - seen["lashes"].sum(axis=2)) > 100
    for half in np.split(darker, 2, axis=1):
        assert 20 < half.sum() < 150
        assert half.any(axis=0).sum() > 15  # columns: half as wide as an eye
