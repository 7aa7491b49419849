"""The hallway: it knows all rooms, wires them, and moves the data along."""

from changeover.service.monitor import Changeover

__all__ = ["Changeover"]
