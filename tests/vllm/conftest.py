# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Operators for the tests: the installed ones, else the stand-in."""

import importlib

import pytest


@pytest.fixture(scope="session")
def operators():
    try:
        return importlib.import_module("w4a16.ops")
    except ImportError:
        standin = importlib.import_module("standin")
        standin.prepare()
        return standin
