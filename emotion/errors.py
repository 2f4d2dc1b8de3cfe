"""What can go wrong, each with a code that the command line, the API and the pages translate once."""

from __future__ import annotations


class EmotionError(Exception):
    """Work that could not be done. str() is one sentence: what was expected, what was found, what to do."""

    code = "emotion_error"


class UnreadableVideo(EmotionError):
    """The file cannot be opened or decoded as a video."""

    code = "unreadable_video"


class NoVideoStream(UnreadableVideo):
    """The file has sound but no picture."""

    code = "no_video_stream"


class StorageFails(EmotionError):
    """The storage that holds a file stopped answering; the file itself may be well."""

    code = "storage_fails"


class UnreadableImage(EmotionError):
    """The file cannot be decoded as a picture."""

    code = "unreadable_image"


class NoAudioStream(EmotionError):
    """The file has no sound to work with."""

    code = "no_audio_stream"


class UnreadableDataset(EmotionError):
    """The folder or archive is not a labelled set of face images."""

    code = "unreadable_dataset"


class WeightsMissing(EmotionError):
    """Model weights are not installed."""

    code = "weights_missing"


class WeightsMismatch(EmotionError):
    """Model weights are there, but not the pinned ones."""

    code = "weights_mismatch"


class WeightsUnavailable(EmotionError):
    """The package that carries the weights cannot be fetched."""

    code = "weights_unavailable"


class InvalidRules(EmotionError):
    """The table of empathy rules does not say what it must."""

    code = "invalid_rules"


class UnreadableTable(EmotionError):
    """A file of another program (OpenFace, py-feat, ELAN) cannot be understood."""

    code = "unreadable_table"


class DeviceUnavailable(EmotionError):
    """The asked-for device is not there or cannot be used."""

    code = "device_unavailable"


class UnknownModel(EmotionError):
    """No recogniser of that name."""

    code = "unknown_model"


class OutputUnwritable(EmotionError):
    """The results cannot be written where they were asked for."""

    code = "output_unwritable"


class Cancelled(EmotionError):
    """The caller asked to stop."""

    code = "cancelled"
