"""What a face shows over time: detection, tracks, seven expressions, one row per second."""

__version__ = "0.1.0"
