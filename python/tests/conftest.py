import os
import shutil

import pytest


@pytest.fixture(scope="session")
def program() -> str:
    """The gable program, whose answers the binding must equal: $GABLE, or the one on the path."""
    path = os.environ.get("GABLE") or shutil.which("gable")
    if not path:
        pytest.skip("no gable program to compare with")
    return path
