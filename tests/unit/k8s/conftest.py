"""The folder that k8s/secrets.sh writes."""

from pathlib import Path

import pytest

from tests.unit.k8s.tree import run_secrets


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("k8s")
    result = run_secrets(folder, AFRICASTALKING_API_KEY="a key", SMTP_USER="a user", SMTP_PASSWORD="a password")
    assert result.returncode == 0, result.stderr
    return folder / "secrets"
