"""Every container: what it is given, what it may do, how its health is asked for."""

import configparser
import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from dev.platform.environment import variables
from docker.rabbitmq.accounts import VHOST
from tests.unit.k8s.tree import (
    K8S,
    OVERLAYS,
    ROOT,
    Document,
    Pod,
    kustomizations,
    labels_of,
    of_kind,
    pods,
    secret_keys,
    settings,
)

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)

SECTIONS = ("users", "feeds", "notifications", "gateway")
OURS = {"baraza-users", "baraza-feeds", "baraza-notifications", "baraza-gateway"}


def containers(overlay: str) -> list[tuple[Pod, dict[str, Any]]]:
    return [(pod, container) for pod in pods(overlay) for container in (*pod.starters, *pod.containers)]


def applications(overlay: str) -> list[tuple[Pod, dict[str, Any]]]:
    return [(pod, container) for pod, container in containers(overlay) if container["image"] in OURS]


def given(overlay: str, container: dict[str, Any], secrets: Path) -> set[str]:
    """Names of the variables that a container gets; of a patched one only those before the patch."""
    names = {variable["name"] for variable in container.get("env", [])}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            assert source["configMapRef"]["name"] == "settings"
            names |= settings(overlay).keys()
            continue
        keys = secret_keys(overlay, secrets)
        name = source["secretRef"]["name"]
        assert name in keys or source["secretRef"].get("optional"), name
        names |= keys.get(name, {}).keys()
    return names


@cache
def required() -> dict[str, set[str]]:
    """Names of the required variables of each section of config.yml."""
    text = (ROOT / "config.yml").read_text(encoding="utf-8")
    document = yaml.compose(text, yaml.SafeLoader)
    assert isinstance(document, yaml.MappingNode)
    starts = [key.start_mark.index for key, _ in document.value] + [len(text)]
    return {
        key.value: {name for name, needed in variables(text[first:after]).items() if needed}
        for (key, _), (first, after) in zip(document.value, pairwise(starts), strict=True)
    }


def needed(container: dict[str, Any]) -> set[str]:
    """Names of the required variables of what a container runs: the common ones and those of its sections."""
    words = " ".join(container["args"])
    sections = set(re.findall(rf"\b({'|'.join(SECTIONS)})\b", words)) if "chassis.topology" not in words else set()
    found = [names for section, names in required().items() if section not in SECTIONS or section in sections]
    return set().union(*found)


@each_overlay
def test_every_process_gets_every_variable_that_it_requires(overlay: str, secrets: Path) -> None:
    for pod, container in applications(overlay):
        missing = needed(container) - given(overlay, container, secrets)
        assert not missing, (pod.owner, container["name"])


def test_the_variables_of_a_service_are_found() -> None:
    assert "POSTGRES_PASSWORD" in needed({"args": ["python", "-m", "chassis.runner", "users.service"]})
    assert "SMTP_HOST" in needed({"args": ["python", "-m", "chassis.migrations", "notifications"]})
    assert "AMQP_URI" in needed({"args": ["python", "-m", "chassis.topology", "users.service"]})


@each_overlay
def test_nobody_is_given_a_variable_that_nothing_reads(overlay: str, secrets: Path) -> None:
    known = variables((ROOT / "config.yml").read_text(encoding="utf-8")).keys()
    for pod, container in applications(overlay):
        assert given(overlay, container, secrets) <= known, (pod.owner, container["name"])


@each_overlay
def test_a_database_password_goes_to_its_service_alone(overlay: str, secrets: Path) -> None:
    owners = {"POSTGRES_PASSWORD": "baraza-users", "GATEWAY_POSTGRES_PASSWORD": "baraza-gateway"}
    owners |= {"AFRICASTALKING_API_KEY": "baraza-notifications", "SMTP_PASSWORD": "baraza-notifications"}
    for _, container in applications(overlay):
        names = given(overlay, container, secrets)
        assert all(owners[name] == container["image"] for name in names & owners.keys())


@each_overlay
def test_every_process_has_the_user_of_the_broker_of_its_own_service_and_no_other(overlay: str, secrets: Path) -> None:
    keys = secret_keys(overlay, secrets)
    for pod, container in applications(overlay):
        names = [source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source]
        users = [urlsplit(uri).username for name in names if (uri := keys.get(name, {}).get("AMQP_URI"))]
        assert users == [container["image"].removeprefix("baraza-")], (pod.owner, container["name"])
        assert not {"rabbitmq-users", "rabbitmq-default-user"} & set(names)


@pytest.mark.parametrize("overlay", ["base", "scale"])  # the broker of dev is that of base
def test_the_broker_reads_its_virtual_host_then_its_users_then_what_they_may_do(overlay: str) -> None:
    found = of_kind(overlay, "StatefulSet", "RabbitmqCluster")
    broker = next(document for document in found if document["metadata"]["name"] == "rabbitmq")
    spec = broker["spec"].get("override", {}).get("statefulSet", broker)["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = {m["mountPath"]: m for m in spec["containers"][0]["volumeMounts"] if "/definitions/" in m["mountPath"]}
    assert [mounts[path]["subPath"] for path in sorted(mounts)] == [
        "quorum-vhost.json" if overlay == "scale" else "vhost.json",
        "users.json",
        "permissions.json",
    ]
    assert volumes["definitions"]["configMap"] == {"name": "rabbitmq-definitions"}
    assert volumes["users"]["secret"] == {"secretName": "rabbitmq-users"}
    said = (K8S / "base/servers/rabbitmq.conf").read_text() + str(broker["spec"].get("rabbitmq"))
    assert "load_definitions = /etc/rabbitmq/definitions" in said


@pytest.mark.parametrize("name", ["vhost.json", "quorum-vhost.json"])
def test_the_virtual_host_is_the_one_that_permissions_are_for(name: str) -> None:
    (vhost,) = json.loads((K8S / "base/broker" / name).read_text())["vhosts"]
    assert vhost["name"] == VHOST


@each_overlay
def test_pods_keep_to_the_restricted_standard(overlay: str) -> None:
    for pod in [pod for pod in pods(overlay) if pod.whole]:
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False
        kinds = {kind for volume in pod.spec.get("volumes", []) for kind in volume} - {"name"}
        assert kinds <= {"emptyDir", "configMap", "secret", "persistentVolumeClaim"}


@each_overlay
def test_containers_keep_to_the_restricted_standard_and_have_limits(overlay: str) -> None:
    for pod, container in containers(overlay):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, pod.owner
        assert context["readOnlyRootFilesystem"] is True, pod.owner
        assert context["capabilities"] == {"drop": ["ALL"]}, pod.owner
        assert container["resources"]["limits"].keys() == container["resources"]["requests"].keys() == {"cpu", "memory"}


@each_overlay
def test_whatever_keeps_running_is_asked_for_its_health(overlay: str) -> None:
    for pod in pods(overlay):
        for container in pod.containers if pod.kind != "CronJob" else []:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), pod.owner


@each_overlay
def test_every_mount_has_its_volume(overlay: str) -> None:
    for pod in [pod for pod in pods(overlay) if pod.whole]:
        volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
        same = [d for d in of_kind(overlay, pod.kind) if d["metadata"]["name"] == pod.owner]
        volumes |= {c["metadata"]["name"] for d in same for c in d["spec"].get("volumeClaimTemplates", [])}
        mounts = {m["name"] for c in (*pod.starters, *pod.containers) for m in c.get("volumeMounts", [])}
        assert mounts == volumes, pod.owner


@each_overlay
def test_ours_are_started_under_the_entry_point_of_their_image(overlay: str) -> None:
    assert [pod.owner for pod, container in applications(overlay) if "command" in container] == []


@each_overlay
def test_the_mounted_keys_are_where_the_setting_says(overlay: str) -> None:
    path = settings(overlay)["SERVICE_TOKEN_KEYS"].removeprefix("@")
    for _, container in applications(overlay):
        mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
        assert f"{mounts['service-token-keys']}/keys" == path


def number(file: str, name: str) -> int:
    """A number that a module assigns; to import these two would patch or configure this process."""
    found = re.search(rf"^{name} = (\d+)", (ROOT / file).read_text(), re.MULTILINE)
    assert found
    return int(found[1])


@each_overlay
def test_there_is_time_to_end(overlay: str) -> None:
    grace, graceful = number("chassis/runner.py", "GRACE"), number("gateway/gunicorn_settings.py", "graceful_timeout")
    ours = [pod for pod, _ in applications(overlay) if pod.whole and pod.kind == "Deployment"]
    for pod in ours:
        pause = pod.containers[0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["sleep", "0"])
        longest = graceful if pod.owner == "gateway-deployment" else grace
        assert pod.spec["terminationGracePeriodSeconds"] >= longest + int(pause[-1]) + 5, pod.owner


@each_overlay
def test_a_deployment_and_a_service_per_service_as_the_specification_names_them(overlay: str) -> None:
    deployments = {document["metadata"]["name"]: document for document in of_kind(overlay, "Deployment")}
    services = {document["metadata"]["name"]: document for document in of_kind(overlay, "Service")}
    for name in ("user", "feeds", "notification", "gateway"):
        assert labels_of(overlay)[f"{name}-deployment"]["app"] == name
        assert services[f"{name}-service"]["spec"]["selector"] == {"app": name}
    assert "gateway-worker-deployment" in deployments
    assert services["gateway-service"]["spec"]["ports"][0]["port"] == 8000


@each_overlay
def test_selectors_fit_the_labels_of_their_pods(overlay: str) -> None:
    for document in of_kind(overlay, "Deployment", "StatefulSet"):
        selector = document["spec"].get("selector")
        if selector:
            assert selector["matchLabels"].items() <= document["spec"]["template"]["metadata"]["labels"].items()
            for constraint in document["spec"]["template"]["spec"].get("topologySpreadConstraints", []):
                assert constraint["labelSelector"] == selector


@each_overlay
def test_budgets_and_autoscalers_find_their_pods(overlay: str) -> None:
    names = labels_of(overlay)
    for budget in of_kind(overlay, "PodDisruptionBudget"):
        wanted = budget["spec"]["selector"]["matchLabels"].items()
        assert budget["metadata"]["name"] == "rabbitmq" or any(wanted <= labels.items() for labels in names.values())
    for scaler in of_kind(overlay, "HorizontalPodAutoscaler"):
        assert scaler["spec"]["scaleTargetRef"]["name"] in names


def test_with_sqlite_there_is_one_pod_and_never_two_at_a_time() -> None:
    patches = [document for document in of_kind("base", "Deployment") if "selector" not in document["spec"]]
    assert {patch["metadata"]["name"] for patch in patches} == {"feeds-deployment", "notification-deployment"}
    for patch in patches:
        assert patch["spec"]["replicas"] == 1
        assert patch["spec"]["strategy"]["type"] == "Recreate"


def test_the_autoscalers_fit_the_connections_of_the_databases() -> None:
    most = {s["metadata"]["name"]: s["spec"]["maxReplicas"] + 1 for s in of_kind("scale", "HorizontalPodAutoscaler")}
    web = 2 * 10  # processes and connections of each, see gateway/app.py and config.yml
    assert most["gateway"] * web + 3 * 10 < 190  # and those of gateway-worker
    assert most["user"] * 20 < 190
    assert most["feeds"] * 10 < 190
    assert (most["notification"] + 3) * 10 < 190


@each_overlay
def test_our_images_carry_the_version_of_this_tree(overlay: str) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    tags = [(i["name"], i["newTag"]) for _, found in kustomizations(OVERLAYS[overlay]) for i in found.get("images", [])]
    assert {tag for name, tag in tags if name.startswith("baraza-")} == {setup["metadata"]["version"]}
    assert {container["image"] for _, container in containers(overlay)} <= {name for name, _ in tags}


def test_every_file_is_part_of_a_kustomization() -> None:
    named: set[Path] = set()
    for overlay in OVERLAYS.values():
        for folder, found in kustomizations(overlay):
            lists: Document = {"names": found.get("resources", []) + found.get("patchesStrategicMerge", [])}
            for generator in found.get("configMapGenerator", []):
                lists["names"] += generator.get("files", []) + [generator[key] for key in ("env",) if key in generator]
            named |= {(folder / name).resolve() for name in lists["names"]}
    beside = {"kustomization.yaml", "secrets.sh", ".gitignore", "checkov.yaml", "requirements.txt", "check.sh"}
    kept = [path for path in K8S.rglob("*") if path.is_file() and "secrets" not in path.relative_to(K8S).parts]
    assert {path for path in kept if path.name not in beside} == named
