"""Tests of `harness/configuration`."""
