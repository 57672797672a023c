"""Loaded into upstream's tests by pytest: zmdetectd in place of pyzm.serve, and models where older releases look for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

import pytest

MODELS = os.environ["PYZM_E2E_MODELS"]


def start_serve(models: Sequence[str], port: int, extra_args: Sequence[str] | None = None) -> subprocess.Popen[bytes]:
    """Upstream's helper of that name, with its flags; the log goes where pytest finds it when a test fails."""
    flags = ["--models", *models, "--base-path", MODELS, "--processor", "cpu", "--host", "127.0.0.1", "--port", str(port)]
    return subprocess.Popen([os.environ["NODE"], os.environ["ZMDETECTD"], *flags, *(extra_args or [])])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems() -> None:
    # Before the conftest itself looks whether its models are there.
    from tests.test_ml_e2e import conftest, test_remote_serve

    for module in (conftest, test_remote_serve):
        module.BASE_PATH = MODELS
        module.start_serve = start_serve
