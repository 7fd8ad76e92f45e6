"""The manifests fit together, ask for no rights, and start and stop without a gap."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest.config import load_settings
from digest.web.health import routes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
TOP: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))

Manifest = dict[str, Any]


def manifests() -> list[Manifest]:
    return [
        one
        for name in TOP["resources"]
        for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    ]


def of_kind(kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in manifests() if one["kind"] == kind}


def pods() -> dict[str, Manifest]:
    """What every workload makes pods of, by the workload's name."""
    found = {name: one["spec"]["template"] for name, one in of_kind("Deployment").items()}
    for name, one in of_kind("CronJob").items():
        found[name] = one["spec"]["jobTemplate"]["spec"]["template"]
    return found


PODS = pods()
each_pod = pytest.mark.parametrize("name", sorted(PODS))


def container(name: str) -> Manifest:
    (only,) = PODS[name]["spec"]["containers"]
    return only


def labels(one: Manifest) -> dict[str, str]:
    return one["metadata"]["labels"]


def test_all_parts_are_there() -> None:
    assert set(PODS) == {"digest-web", "digest-scheduler", "digest-worker", "digest-backup"}
    assert {"Service", "Ingress", "NetworkPolicy", "Namespace"} <= {m["kind"] for m in manifests()}


def test_every_manifest_is_listed_but_the_example_of_a_secret() -> None:
    there = {path.name for path in FOLDER.glob("*.yaml")}
    apart = {"kustomization.yaml", "secret.example.yaml", "digest.yaml"}
    assert there - apart == set(TOP["resources"])


def test_the_image_is_of_this_version_and_named_once() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    (image,) = TOP["images"]
    assert str(image["newTag"]) == version
    assert {container(name)["image"] for name in PODS} == {image["name"]}


@each_pod
def test_a_pod_keeps_to_the_restricted_standard(name: str) -> None:
    pod, only = PODS[name]["spec"], container(name)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    kinds = {kind for volume in pod["volumes"] for kind in volume if kind != "name"}
    assert kinds <= {"projected", "emptyDir", "persistentVolumeClaim"}


@each_pod
def test_no_variable_of_the_cluster_is_taken_for_a_setting(name: str) -> None:
    assert PODS[name]["spec"]["enableServiceLinks"] is False


@each_pod
def test_a_pod_is_bounded_and_says_what_it_needs(name: str) -> None:
    resources = container(name)["resources"]
    assert {"cpu", "memory"} <= set(resources["requests"]) and "memory" in resources["limits"]


@each_pod
def test_no_secret_stands_in_a_manifest(name: str) -> None:
    for variable in container(name)["env"]:
        if re.search("PASSWORD|TOKEN|SECRET", variable["name"]):
            assert set(variable) == {"name", "valueFrom"}


@each_pod
def test_what_is_mounted_is_there(name: str) -> None:
    volumes = {volume["name"] for volume in PODS[name]["spec"]["volumes"]}
    assert {mount["name"] for mount in container(name)["volumeMounts"]} == volumes
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for volume in PODS[name]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert claims <= of_kind("PersistentVolumeClaim").keys()


def test_every_selector_selects_the_pods_it_is_for() -> None:
    components = {labels(pod)["app.kubernetes.io/component"] for pod in PODS.values()}
    for name, deployment in of_kind("Deployment").items():
        assert deployment["spec"]["selector"]["matchLabels"] == labels(PODS[name])
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
        text = str([one["spec"] for one in of_kind(kind).values()])
        for found in re.findall(r"'app.kubernetes.io/component': '(\w+)'", text):
            assert found in components
    for name, budget in of_kind("PodDisruptionBudget").items():
        assert budget["spec"]["selector"]["matchLabels"] == labels(PODS[name])
        assert of_kind("Deployment")[name]["spec"]["replicas"] > budget["spec"]["minAvailable"]


def test_the_pages_are_probed_where_they_answer() -> None:
    only, paths = container("digest-web"), {route.path for route in routes}
    asked = {kind: only[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert asked["liveness"]["path"] == asked["startup"]["path"] == "/health/live"
    assert asked["readiness"]["path"] == "/health/ready"
    assert {one["path"] for one in asked.values()} <= paths
    (port,) = only["ports"]
    assert {one["port"] for one in asked.values()} == {port["name"]}
    service, ingress = of_kind("Service")["digest-web"], of_kind("Ingress")["digest"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "digest-web", "port": {"name": service["spec"]["ports"][0]["name"]}}


def test_only_the_scheduler_is_replaced_with_a_gap() -> None:
    found = of_kind("Deployment")
    assert found["digest-scheduler"]["spec"]["replicas"] == 1
    assert found["digest-scheduler"]["spec"]["strategy"] == {"type": "Recreate"}
    for name in ("digest-web", "digest-worker"):
        assert found[name]["spec"]["replicas"] == 2
        assert found[name]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_a_worker_may_wait_for_the_slowest_answer_before_it_is_killed() -> None:
    patience = load_settings(ROOT / "config/digest.yaml", {}).delivery.dot_timeout_s
    assert PODS["digest-worker"]["spec"]["terminationGracePeriodSeconds"] > patience


def test_nobody_is_let_in_or_out_but_by_a_rule() -> None:
    policies = of_kind("NetworkPolicy")
    nobody = policies["digest-nobody"]["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    let_in = [name for name, one in policies.items() if "ingress" in one["spec"]]
    assert let_in == ["digest-web"]


def test_the_configuration_is_one_that_digest_takes() -> None:
    (generated,) = TOP["configMapGenerator"]
    assert generated["files"] == ["digest.yaml"]
    settings = load_settings(FOLDER / "digest.yaml", {})
    assert settings.web.port == container("digest-web")["ports"][0]["containerPort"]
    assert not (settings.web.in_run or settings.schedule.work)  # both have pods of their own
    assert settings.web.host == "0.0.0.0"
    policy = of_kind("NetworkPolicy")["digest-mail"]["spec"]["egress"][0]["ports"]
    assert settings.delivery.port in [one["port"] for one in policy]


def test_the_example_of_a_secret_has_every_key_that_is_used() -> None:
    secret = yaml.safe_load((FOLDER / "secret.example.yaml").read_text(encoding="utf-8"))
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml"))
    used = set(re.findall(r"/etc/digest/([\w.-]+)", text)) | set(
        re.findall(r"key: ([\w-]+)\}", text)
    )
    assert used - {"digest.yaml"} | {"links.key"} == set(secret["stringData"])
    assert "digest.db" not in text


def test_the_example_of_a_secret_holds_nothing_that_works() -> None:
    secret = yaml.safe_load((FOLDER / "secret.example.yaml").read_text(encoding="utf-8"))
    for name, value in secret["stringData"].items():
        assert re.search("<.+>", value), name


# Tools -----------------------------------------------------------------------------------------


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What would be applied, as kubectl puts it together."""
    if not (program := shutil.which("kubectl")):
        pytest.skip("kubectl is not installed")
    ran = subprocess.run(
        [program, "kustomize", FOLDER], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    (tmp_path / "built.yaml").write_text(ran.stdout, encoding="utf-8")
    return tmp_path / "built.yaml"


def test_kubectl_puts_all_together(built: Path) -> None:
    found = list(yaml.safe_load_all(built.read_text(encoding="utf-8")))
    assert len(found) == len(manifests()) + 1  # and the ConfigMap
    (config,) = [one for one in found if one["kind"] == "ConfigMap"]
    image = TOP["images"][0]
    for one in found:
        if one["kind"] == "Deployment":
            spec = one["spec"]["template"]["spec"]
            assert spec["containers"][0]["image"] == f"{image['newName']}:{image['newTag']}"
            sources = spec["volumes"][0]["projected"]["sources"]
            assert sources[0]["configMap"]["name"] == config["metadata"]["name"]
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == "digest"


def test_kubeconform_finds_nothing(built: Path) -> None:
    if not (program := shutil.which("kubeconform")):
        pytest.skip("kubeconform is not installed")
    files = [built, FOLDER / "secret.example.yaml"]
    ran = subprocess.run([program, "-strict", *files], capture_output=True, text=True, check=False)
    if "could not download schema" in ran.stdout + ran.stderr:
        pytest.skip("kubeconform cannot reach the schemas of Kubernetes")
    assert ran.returncode == 0, ran.stdout
