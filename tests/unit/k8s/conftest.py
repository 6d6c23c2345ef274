"""The folder that k8s/secrets.sh writes."""

from pathlib import Path

import pytest

from tests.unit.k8s.manifests import run_secrets_script


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("k8s")
    credentials = {"AFRICASTALKING_API_KEY": "a key", "SMTP_USER": "a user", "SMTP_PASSWORD": "a password"}
    result = run_secrets_script(parent, **credentials)
    assert result.returncode == 0, result.stderr
    return parent / "secrets"
