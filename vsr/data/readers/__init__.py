"""Readers: the files of a data set as published, turned into a catalogue."""

from vsr.exports import exports

__getattr__, __dir__ = exports(__name__)
