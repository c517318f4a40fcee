"""Tests of the measure room, and the builders that other rooms' tests use too."""
