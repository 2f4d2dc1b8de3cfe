"""Turn the formats in which packages ship networks into ONNX, so that one engine runs everything.

Each converter takes the bytes of the pinned package members, in the order of their record, and returns the
bytes of an ONNX file. The same bytes always give the same file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from emotion.convert.face_api import convert_face_api_expression
from emotion.convert.face_api_age_sex import convert_face_api_age_sex
from emotion.convert.face_api_identity import convert_face_api_identity
from emotion.convert.face_mesh import convert_face_mesh
from emotion.convert.int8 import convert_centerface
from emotion.convert.keras_hdf5 import convert_keras
from emotion.convert.mobilefacenet import convert_mobilefacenet
from emotion.convert.onnx_dims import free_batch, free_batch_and_size
from emotion.convert.tfjs_graph import convert_tfjs_graph

Converter = Callable[[Sequence[bytes]], bytes]

CONVERTERS: Final[dict[str, Converter]] = {
    "unchanged": lambda members: members[0],
    "free_batch": free_batch,
    "free_batch_and_size": free_batch_and_size,
    "mobilefacenet": convert_mobilefacenet,
    "centerface_int8": convert_centerface,
    "tfjs_graph": convert_tfjs_graph,
    "face_api_expression": convert_face_api_expression,
    "face_api_age_sex": convert_face_api_age_sex,
    "face_api_identity": convert_face_api_identity,
    "face_mesh": convert_face_mesh,
    "keras_hdf5": convert_keras,
}
