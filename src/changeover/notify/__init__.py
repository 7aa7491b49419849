"""Notifying: one file for each channel."""
