"""Every container gets the variables that it reads, runs existing code with few rights, and has probes and limits."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from docker.rabbitmq.accounts import VHOST
from tests.unit.containers.project import SERVICES, config_variables, missing_code, text, version
from tests.unit.k8s.manifests import K8S, OVERLAYS, Pod, kustomizations, of_kind, pod_labels, pods, secrets, settings

OWNERS = {  # of passwords, by the image that gets them
    "POSTGRES_PASSWORD": "baraza-users",
    "GATEWAY_POSTGRES_PASSWORD": "baraza-gateway",
    "AFRICASTALKING_API_KEY": "baraza-notifications",
    "SMTP_PASSWORD": "baraza-notifications",
}

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def containers(overlay: str) -> list[tuple[Pod, dict[str, Any]]]:
    return [(pod, container) for pod in pods(overlay) for container in (*pod.init_containers, *pod.containers)]


def our_containers(overlay: str) -> list[tuple[Pod, dict[str, Any]]]:
    images = {f"baraza-{service}" for service in SERVICES}
    return [(pod, container) for pod, container in containers(overlay) if container["image"] in images]


def given_variables(overlay: str, container: dict[str, Any], folder: Path) -> set[str]:
    """Return the names of the variables of a container, without those that a patch adds."""
    names = {variable["name"] for variable in container.get("env", [])} | settings(overlay).keys()
    for source in container["envFrom"]:
        if secret := source.get("secretRef"):
            assert secret["name"] in secrets(overlay, folder) or secret.get("optional"), secret["name"]
            names |= secrets(overlay, folder).get(secret["name"], {}).keys()
        else:
            assert source["configMapRef"]["name"] == "settings"
    return names


@each_overlay
def test_container_gets_the_variables_it_requires_and_no_unknown_ones(overlay: str, folder: Path) -> None:
    known = set().union(*(config_variables(service) for service in SERVICES))
    for pod, container in our_containers(overlay):
        variables = config_variables(container["image"].removeprefix("baraza-"))
        given = given_variables(overlay, container, folder)
        assert {name for name, required in variables.items() if required} <= given, (pod.workload, container["name"])
        assert given <= known, (pod.workload, container["name"])


@each_overlay
def test_password_goes_only_to_the_service_that_uses_it(overlay: str, folder: Path) -> None:
    for _, container in our_containers(overlay):
        for name in given_variables(overlay, container, folder) & OWNERS.keys():
            assert OWNERS[name] == container["image"]


@each_overlay
def test_process_has_the_rabbitmq_user_of_its_service_only(overlay: str, folder: Path) -> None:
    for pod, container in our_containers(overlay):
        names = [source["secretRef"]["name"] for source in container["envFrom"] if "secretRef" in source]
        uris = [
            values["AMQP_URI"] for name in names if "AMQP_URI" in (values := secrets(overlay, folder).get(name, {}))
        ]
        assert [f"baraza-{urlsplit(uri).username}" for uri in uris] == [container["image"]], pod.workload
        assert not {"rabbitmq-users", "rabbitmq-default-user"} & set(names)


@pytest.mark.parametrize(("overlay", "vhost"), [("base", "vhost.json"), ("scale", "quorum-vhost.json")])
def test_rabbitmq_imports_its_vhost_then_users_then_permissions(overlay: str, vhost: str) -> None:
    documents = of_kind(overlay, "StatefulSet", "RabbitmqCluster")
    (rabbitmq,) = [document for document in documents if document["metadata"]["name"] == "rabbitmq"]
    pod = rabbitmq["spec"].get("override", {}).get("statefulSet", rabbitmq)["spec"]["template"]["spec"]
    mounts = {m["mountPath"]: m for m in pod["containers"][0]["volumeMounts"] if "/definitions/" in m["mountPath"]}
    assert [mounts[path]["subPath"] for path in sorted(mounts)] == [vhost, "users.json", "permissions.json"]
    (definitions,) = json.loads((K8S / "base/broker" / vhost).read_text())["vhosts"]
    assert definitions["name"] == VHOST
    configuration = rabbitmq["spec"].get("rabbitmq", {}).get("additionalConfig") or text(
        "k8s/base/servers/rabbitmq.conf"
    )
    assert "load_definitions = /etc/rabbitmq/definitions" in configuration


def test_cluster_redelivers_events_without_limit() -> None:
    (policy,) = json.loads((K8S / "base/broker/quorum-vhost.json").read_text())["policies"]
    assert policy["definition"] == {"delivery-limit": -1}
    for queue in ("evt-feeds-post_created--notifications.on_post_created", "parked.evt-feeds-post_created--x.y"):
        assert re.match(policy["pattern"], queue)


@each_overlay
def test_pod_meets_the_restricted_standard(overlay: str) -> None:
    for pod in [pod for pod in pods(overlay) if not pod.is_patch]:
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False


@each_overlay
def test_container_meets_the_restricted_standard_and_has_limits(overlay: str) -> None:
    for pod, container in containers(overlay):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, pod.workload
        assert context["readOnlyRootFilesystem"] is True, pod.workload
        assert context["capabilities"] == {"drop": ["ALL"]}, pod.workload
        assert container["resources"]["limits"].keys() == container["resources"]["requests"].keys() == {"cpu", "memory"}


@each_overlay
def test_container_has_startup_readiness_and_liveness_probes(overlay: str) -> None:
    for pod in pods(overlay):
        for container in pod.containers:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), pod.workload


@each_overlay
def test_command_and_probes_name_existing_code_and_keep_tini(overlay: str) -> None:
    for _, container in our_containers(overlay):
        assert "command" not in container  # it would replace the image's entrypoint, tini
        probes = [container.get(probe, {}).get("exec", {}) for probe in ("startupProbe", "readinessProbe")]
        for command in [container["args"], *(probe.get("command", []) for probe in probes)]:
            assert not missing_code(command)


@each_overlay
def test_container_mounts_its_own_keys_where_the_setting_expects_them(overlay: str) -> None:
    path = settings(overlay)["SERVICE_TOKEN_KEYS"].removeprefix("@")
    for pod, container in our_containers(overlay):
        (mount,) = [mount for mount in container["volumeMounts"] if f"{mount['mountPath']}/keys" == path]
        volumes = [
            volume
            for other in pods(overlay)
            if other.workload == pod.workload
            for volume in other.spec.get("volumes", [])
        ]
        (secret,) = [volume["secret"]["secretName"] for volume in volumes if volume["name"] == mount["name"]]
        image = container["image"].removeprefix("baraza-")
        owner = "deliveries" if "deliveries" in (pod.workload.partition("-")[0], container["name"]) else image
        assert secret == f"token-keys-{owner}", (pod.workload, container["name"])


@each_overlay
def test_grace_period_is_longer_than_the_shutdown(overlay: str) -> None:
    # Read as text: importing these modules would patch this process.
    (grace,) = re.findall(r"^GRACE = (\d+)", text("chassis/runner.py"), re.MULTILINE)
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)", text("gateway/server/gunicorn_settings.py"), re.MULTILINE)
    for pod in {pod.workload: pod for pod, _ in our_containers(overlay) if not pod.is_patch}.values():
        pre_stop = pod.containers[0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["0"])
        longest = int(graceful if pod.workload == "gateway-deployment" else grace)
        assert pod.spec["terminationGracePeriodSeconds"] >= longest + int(pre_stop[-1]) + 5, pod.workload


@each_overlay
def test_a_deployment_and_a_service_per_service_as_the_specification_names_them(overlay: str) -> None:
    services = {document["metadata"]["name"]: document for document in of_kind(overlay, "Service")}
    for name in ("user", "feeds", "notification", "gateway"):
        assert pod_labels(overlay)[f"{name}-deployment"]["app"] == name
        assert services[f"{name}-service"]["spec"]["selector"] == {"app": name}
    assert "gateway-worker-deployment" in pod_labels(overlay)
    assert services["gateway-service"]["spec"]["ports"][0]["port"] == 8000


def test_deployments_with_sqlite_run_one_pod_at_a_time() -> None:
    patches = [document["spec"] for document in of_kind("base", "Deployment") if "selector" not in document["spec"]]
    assert [(spec["replicas"], spec["strategy"]["type"]) for spec in patches] == [(1, "Recreate")] * 2


def test_the_autoscalers_fit_the_connections_of_the_databases() -> None:
    scalers = {scaler["metadata"]["name"]: scaler["spec"] for scaler in of_kind("scale", "HorizontalPodAutoscaler")}
    most = {name: spec["maxReplicas"] + 1 for name, spec in scalers.items()}  # and one during a rollout
    web = 2 * 10  # processes, and connections of each
    available = 190  # of max_connections=200
    assert most["gateway"] * web + 3 * 10 < available  # and those of gateway-worker
    assert most["user"] * 20 < available
    assert most["feeds"] * 10 < available
    assert (most["notification"] + 3) * 10 < available  # and those of deliveries


@each_overlay
def test_our_images_have_the_version_of_this_tree(overlay: str) -> None:
    images = [image for _, found in kustomizations(OVERLAYS[overlay]) for image in found.get("images", [])]
    assert {image["newTag"] for image in images if image["name"].startswith("baraza-")} == {version()}
    assert {container["image"] for _, container in containers(overlay)} <= {image["name"] for image in images}


def test_documented_overlay_has_the_version_of_this_tree() -> None:
    assert {*re.findall(r"newTag: ([^}]+)", text("docs/operations/kubernetes.md"))} == {version()}
