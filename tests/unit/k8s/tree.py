"""The manifests as kustomize would gather them, without kustomize: fast enough for every run of the tests.

Patches are kept as documents beside what they patch, which is enough to ask of all containers, labels and names.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
K8S = ROOT / "k8s"
OVERLAYS = {"base": K8S / "base", "dev": K8S / "overlays/dev", "scale": K8S / "overlays/scale"}

Document = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod template, of a Deployment, StatefulSet or CronJob, or a patch of one."""

    owner: str
    kind: str
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Those that keep running, and a Job's."""
        return [container for container in self.spec.get("containers", []) if "image" in container]

    @property
    def starters(self) -> list[dict[str, Any]]:
        """Those that run before the others."""
        return [container for container in self.spec.get("initContainers", []) if "image" in container]

    @property
    def whole(self) -> bool:
        """Whether it is no patch."""
        return "serviceAccountName" in self.spec


@cache
def load(file: Path) -> list[Document]:
    """The documents of a file; nobody changes them."""
    return list(yaml.load_all(file.read_text(), yaml.CSafeLoader))


def kustomizations(folder: Path) -> Iterator[tuple[Path, Document]]:
    """Yield a folder's kustomization and those it stands on."""
    (found,) = load(folder / "kustomization.yaml")
    yield folder, found
    for base in found.get("bases", []):
        yield from kustomizations((folder / base).resolve())


def documents(overlay: str) -> list[Document]:
    """All documents of an overlay and its bases, patches included."""
    return [
        document
        for folder, found in kustomizations(OVERLAYS[overlay])
        for name in found.get("resources", []) + found.get("patchesStrategicMerge", [])
        for document in load(folder / name)
    ]


def of_kind(overlay: str, *kinds: str) -> list[Document]:
    """The documents of these kinds."""
    return [document for document in documents(overlay) if document["kind"] in kinds]


def pods(overlay: str) -> list[Pod]:
    """All pod templates, patches included; RabbitMQ's operator makes its own."""
    return [pod_of(document) for document in of_kind(overlay, "Deployment", "StatefulSet", "CronJob")]


def pod_of(document: Document) -> Pod:
    """The pod template of a document."""
    spec = document["spec"]
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template = spec.get("template", {})
    labels = template.get("metadata", {}).get("labels", {})
    return Pod(document["metadata"]["name"], document["kind"], labels, template.get("spec", {}))


def labels_of(overlay: str) -> dict[str, dict[str, str]]:
    """Labels of the pods of each Deployment, StatefulSet and CronJob, with what patches add."""
    found: dict[str, dict[str, str]] = {}
    for pod in pods(overlay):
        found.setdefault(pod.owner, {}).update(pod.labels)
    return found


def assignments(text: str) -> dict[str, str]:
    """The variables of an env file."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def run_secrets(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of k8s/secrets.sh, which writes beside itself."""
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    script = folder / "secrets.sh"
    script.write_bytes((K8S / "secrets.sh").read_bytes())
    path = {"PATH": os.environ["PATH"]}
    command = ["/bin/sh", str(script)]
    return subprocess.run(command, env=path | environment, capture_output=True, text=True, check=False)  # noqa: S603  ours


@cache
def secret_keys(overlay: str, secrets: Path) -> dict[str, dict[str, str]]:
    """What each Secret of an overlay holds, if k8s/secrets.sh wrote into the folder `secrets`."""
    found: dict[str, dict[str, str]] = {}
    for folder, kustomization in kustomizations(OVERLAYS[overlay]):
        if not folder.is_relative_to(K8S / "secrets"):
            continue
        here = secrets / folder.relative_to(K8S / "secrets")
        for generator in kustomization["secretGenerator"]:
            values = assignments((here / generator["env"]).read_text()) if "env" in generator else {}
            values |= {Path(file).name: (here / file).read_text() for file in generator.get("files", [])}
            found[generator["name"]] = values
    return found


def settings(overlay: str) -> dict[str, str]:
    """What the ConfigMap `settings` holds in an overlay."""
    merged: dict[str, str] = {}
    for folder, kustomization in reversed(list(kustomizations(OVERLAYS[overlay]))):
        for generator in kustomization.get("configMapGenerator", []):
            if generator["name"] == "settings":
                merged |= assignments((folder / generator["env"]).read_text()) if "env" in generator else {}
                merged |= dict(literal.split("=", 1) for literal in generator.get("literals", []))
    return merged
