"""Tests of the assess room."""
