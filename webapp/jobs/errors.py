"""How work ends before its end. None of these is a failure."""

from __future__ import annotations


class Stopped(Exception):
    """The handler was asked to stop: cancelled, paused, handed back by a worker that shuts down, or its lease
    was lost.
    """


class WaitForConsent(Exception):
    """The work may not be done while the consent on file does not cover it; the job waits and goes on by
    itself.
    """


class PlanOutdated(Exception):
    """What a segment rests on has changed since the job was cut: consent, or a recording. It is cut anew."""
