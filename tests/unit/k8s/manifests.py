"""The manifests of each overlay, read without kustomize. A patch is a document beside the one that it patches."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.unit.containers.project import ROOT

K8S = ROOT / "k8s"
OVERLAYS = {"base": K8S / "base", "dev": K8S / "overlays/dev", "scale": K8S / "overlays/scale"}

Document = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """The pod template of a Deployment or StatefulSet, or of a patch of one."""

    workload: str  # the name of the Deployment or StatefulSet
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def is_patch(self) -> bool:
        return "serviceAccountName" not in self.spec

    @property
    def init_containers(self) -> list[dict[str, Any]]:
        return [container for container in self.spec.get("initContainers", []) if "image" in container]

    @property
    def containers(self) -> list[dict[str, Any]]:
        return [container for container in self.spec.get("containers", []) if "image" in container]


@cache
def load(file: Path) -> list[Document]:
    return list(yaml.load_all(file.read_text(), yaml.CSafeLoader))


def kustomizations(folder: Path) -> Iterator[tuple[Path, Document]]:
    """Yield the kustomization of a folder and of its bases, with their folders."""
    (kustomization,) = load(folder / "kustomization.yaml")
    yield folder, kustomization
    for base in kustomization.get("bases", []):
        yield from kustomizations((folder / base).resolve())


def of_kind(overlay: str, *kinds: str) -> list[Document]:
    """Return the documents of these kinds, or all, in an overlay and its bases."""
    return [
        document
        for folder, kustomization in kustomizations(OVERLAYS[overlay])
        for name in kustomization.get("resources", []) + kustomization.get("patchesStrategicMerge", [])
        for document in load(folder / name)
        if not kinds or document["kind"] in kinds
    ]


def pods(overlay: str) -> list[Pod]:
    """Return the pod templates. Those of RabbitMQ's operator are not in the manifests."""
    documents = of_kind(overlay, "Deployment", "StatefulSet")
    templates = [(document["metadata"]["name"], document["spec"].get("template", {})) for document in documents]
    return [Pod(name, t.get("metadata", {}).get("labels", {}), t.get("spec", {})) for name, t in templates]


def pod_labels(overlay: str) -> dict[str, dict[str, str]]:
    """Return the labels of the pods of each workload, patches included."""
    labels: dict[str, dict[str, str]] = {}
    for pod in pods(overlay):
        labels.setdefault(pod.workload, {}).update(pod.labels)
    return labels


def settings(overlay: str) -> dict[str, str]:
    """Return the variables in the ConfigMap `settings`."""
    merged: dict[str, str] = {}
    for folder, kustomization in reversed(list(kustomizations(OVERLAYS[overlay]))):
        for generator in kustomization.get("configMapGenerator", []):
            if generator["name"] == "settings":
                merged |= _assignments((folder / generator["env"]).read_text()) if "env" in generator else {}
                merged |= dict(literal.split("=", 1) for literal in generator.get("literals", []))
    return merged


@cache
def secrets(overlay: str, folder: Path) -> dict[str, dict[str, str]]:
    """Return the values of each Secret, made of the files that k8s/secrets.sh wrote into a folder."""
    secrets: dict[str, dict[str, str]] = {}
    for path, kustomization in kustomizations(OVERLAYS[overlay]):
        files = folder / path.relative_to(K8S / "secrets") if path.is_relative_to(K8S / "secrets") else path
        for generator in kustomization.get("secretGenerator", []):
            values = _assignments((files / generator["env"]).read_text()) if "env" in generator else {}
            values |= {Path(file).name: (files / file).read_text() for file in generator.get("files", [])}
            secrets[generator["name"]] = values
    return secrets


def run_secrets_script(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of k8s/secrets.sh, which writes into `secrets` beside itself."""
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    script = folder / "secrets.sh"
    script.write_bytes((K8S / "secrets.sh").read_bytes())
    return subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", script],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _assignments(env_file: str) -> dict[str, str]:
    lines = [line for line in env_file.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
