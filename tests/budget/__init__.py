"""Tests of `harness/budget`."""
