"""Tests of files → Study → Image."""
