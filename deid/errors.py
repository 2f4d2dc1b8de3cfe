"""What can go wrong while hiding faces, each with a code; all of emotion's base, so translated once."""

from __future__ import annotations

from emotion.errors import EmotionError


class DeidError(EmotionError):
    """A file that was not written, or not measured. str() is one sentence."""

    code = "deid_error"


class UnknownMethod(DeidError):
    """No method of that name."""

    code = "unknown_method"


class UnknownTrack(DeidError):
    """A track or role that the recording does not have."""

    code = "unknown_track"


class UnknownDonor(DeidError):
    """No donor of that name."""

    code = "unknown_donor"


class NoCalmFace(DeidError):
    """Nobody is seen well at the time that was named as calm."""

    code = "no_calm_face"


class InvalidCovers(DeidError):
    """Covers drawn by a person that are no covers, or lie outside the recording."""

    code = "invalid_covers"


class InvalidSpans(DeidError):
    """Marked spans of sound that are no spans, or lie outside the recording."""

    code = "invalid_spans"


class DamagedVideo(DeidError):
    """Frames of the original do not decode, so the result could not be compared with it."""

    code = "damaged_video"


class OutputDiffers(DeidError):
    """The written file does not have the frames or the length of the original."""

    code = "output_differs"


class ResultLost(DeidError):
    """What an earlier step kept cannot be read any more; it was removed, so that it is done again."""

    code = "result_lost"


class UnknownStep(DeidError):
    """No step of that name follows from what earlier steps left."""

    code = "unknown_step"


class FaceRemains(DeidError):
    """The second detector still sees a face that should be hidden."""

    code = "face_remains"


class NotComparable(DeidError):
    """Two files that are not the same recording before and after."""

    code = "not_comparable"


class NobodySeen(DeidError):
    """A recording in which nobody is seen well enough to contribute to a donor."""

    code = "nobody_seen"


class InvalidContribution(DeidError):
    """A file that is no contribution."""

    code = "invalid_contribution"


class TooFewContributors(DeidError):
    """Fewer people than a donor must be made of."""

    code = "too_few_contributors"
