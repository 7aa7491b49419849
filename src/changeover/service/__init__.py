"""The hallway: it knows all rooms, wires them, and moves the data along."""

from changeover.service.changeover import Changeover

__all__ = ["Changeover"]
