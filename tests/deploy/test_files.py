"""The files of `deploy/` are what the tools that read them take, and agree with the gateway."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from gateway.cli import app
from gateway.settings import parse_settings
from gateway.settings.audit_settings import AuditSettings
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
MANIFESTS = sorted([*DEPLOY.glob("kubernetes/*.yaml"), *DEPLOY.glob("kubernetes/*/*.yaml")])
UNITS = DEPLOY / "systemd"
SPOOL = "/var/spool/profile-gateway"
MAX_EXPOSURE = 20
"""Tenths of the exposure that systemd reckons, of 100: it calls a service below 20 safe."""


def run(*words: str | Path) -> str:
    """Run a checker; what it says."""
    done = subprocess.run(list(map(str, words)), cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def manifests() -> dict[str, Any]:
    """The manifests by their kind."""
    return {document["kind"]: document for document in (yaml.safe_load(path.read_text("utf-8")) for path in MANIFESTS)}


def commands() -> Iterator[list[str]]:
    """Each call of `profile-gateway` in the files: the words after it."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    yield from (compose["services"][name]["command"] for name in ("shop", "gateway"))
    for kind in ("Deployment", "StatefulSet"):
        yield manifests()[kind]["spec"]["template"]["spec"]["containers"][0]["args"]
    for path in (UNITS / "profile-gateway.service", UNITS / "profile-gateway.service.d" / "socket.conf"):
        yield from (line.split() for line in re.findall(r"^ExecStart=/\S+ (.+)$", path.read_text("utf-8"), re.MULTILINE))
    (words,) = re.findall(r"^CMD \[(.+)\]$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    yield re.findall(r'"([^"]+)"', words)


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    """Neither an error nor a suggestion."""
    assert run(BIN / "hadolint", "--failure-threshold", "style", DEPLOY / "Dockerfile") == ""


def test_the_image_gets_all_that_the_wheel_is_built_from() -> None:
    """What the Dockerfile copies is there, and nothing else is handed to the build."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    names = {name.rstrip("/") for line in copied for name in line.split()}
    handed = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert names == {line[1:] for line in handed if line.startswith("!")}
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_compose_file_keeps_its_schema() -> None:
    """The published one, which the checker brings along."""
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in MANIFESTS])
def test_a_manifest_keeps_its_schema(path: Path) -> None:
    """Without fields that Kubernetes does not know."""
    run(BIN / "kubernetes-validate", "--strict", "--quiet", path)


def test_manifests_find_each_other() -> None:
    """Selectors, references and ports lead to the Deployment, its labels and its ports."""
    found = manifests()
    assert found.keys() == {
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Secret",
        "Service",
        "StatefulSet",
    }
    assert {document["metadata"]["name"] for document in found.values()} == {"profile-gateway"}
    template = found["Deployment"]["spec"]["template"]
    labels, (container,) = template["metadata"]["labels"], template["spec"]["containers"]
    selectors = [found[kind]["spec"]["selector"]["matchLabels"] for kind in ("Deployment", "PodDisruptionBudget")]
    selectors += [found["Service"]["spec"]["selector"], found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
    assert selectors == [labels] * 4
    assert found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["kind"] == "Deployment"
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {"http": 8000, "admin": 9000}
    assert [port["targetPort"] for port in found["Service"]["spec"]["ports"]] == ["http"]
    rules = found["NetworkPolicy"]["spec"]["ingress"]
    assert [port["port"] for rule in rules for port in rule["ports"]] == ["http", "admin"]
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert probes == {
        "startupProbe": {"path": "/healthz", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
        "livenessProbe": {"path": "/healthz", "port": "http"},
    }


def test_a_pod_with_an_audit_is_that_of_the_deployment() -> None:
    """But for the volume of its spool, which is its own, stays, and has a folder that the gateway alone may open."""
    found = manifests()
    plain, audited = found["Deployment"]["spec"], found["StatefulSet"]["spec"]
    assert audited["selector"] == plain["selector"]
    assert audited["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    (claim,) = audited["volumeClaimTemplates"]
    pod, usual = audited["template"]["spec"], plain["template"]["spec"]
    mount = {"name": claim["metadata"]["name"], "mountPath": SPOOL}
    (first,) = pod.pop("initContainers")
    (container,) = pod["containers"]
    assert container["volumeMounts"].pop() == mount
    assert first["volumeMounts"] == [mount]
    assert first["command"] == ["install", "--directory", "--mode=0700", f"{SPOOL}/audit"]
    assert (first["image"], first["securityContext"]) == (container["image"], container["securityContext"])
    security = pod["securityContext"]
    assert (security.pop("fsGroup"), security.pop("fsGroupChangePolicy")) == (security["runAsUser"], "OnRootMismatch")
    assert pod == usual


def test_the_spool_is_closed_and_stays() -> None:
    """The image makes its folder for the gateway alone, compose keeps it in a volume, systemd in the state of the unit."""
    image = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert f"install --directory --owner gateway --group gateway --mode 0700 {SPOOL}\n" in image
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    gateway = compose["services"]["gateway"]
    assert f"spool:{SPOOL}" in gateway["volumes"]
    assert "spool" in compose["volumes"]
    key = re.fullmatch(r"\$\{AUDIT_KEY:-(.+)\}", gateway["environment"]["GATEWAY_AUDIT__KEY"])
    assert key is not None
    settings = {"key": key[1], "spool": gateway["environment"]["GATEWAY_AUDIT__SPOOL"]}
    assert AuditSettings.model_validate(settings).spool == Path(SPOOL)
    unit = (UNITS / "profile-gateway.service").read_text("utf-8")
    assert {"StateDirectory=profile-gateway/spool", "StateDirectoryMode=0700", "UMask=0077"} <= {*unit.splitlines()}


def test_the_pod_may_write_nothing_and_become_nobody_else() -> None:
    """It fulfils the restricted standard of pod security, on a read-only root."""
    spec = manifests()["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_no_service_sets_variables_of_the_pod() -> None:
    """One named `gateway` would make settings that there are not."""
    assert manifests()["Deployment"]["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_the_settings_load_with_the_secret() -> None:
    """The settings of the ConfigMap are right, and name the variables that the example of the Secret has."""
    found = manifests()
    text, secret = found["ConfigMap"]["data"]["gateway.toml"], found["Secret"]["stringData"]
    assert set(re.findall(r"\$\{(\w+)\}", text)) == secret.keys()
    for name, value in secret.items():
        text = text.replace(f"${{{name}}}", value)
    assert parse_settings(tomllib.loads(text)).sources.keys() == {"shop"}


@pytest.mark.parametrize("words", [pytest.param(words, id=" ".join(words)) for words in commands()])
def test_a_command_and_its_options_exist(words: list[str]) -> None:
    """Each file calls a command of the gateway with options of that command."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    options = {option for parameter in group.commands[words[0]].params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} - options == set()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With and without the socket each line is known, and the service is as closed as systemd calls safe."""
    units = tmp_path / "units"
    shutil.copytree(UNITS, units)
    installed = {path: path.read_text("utf-8") for path in units.rglob("*") if path.is_file()}
    for path, text in installed.items():
        path.write_text(text.replace("/opt/profile-gateway/bin/profile-gateway", "/bin/true"), "utf-8")
    service, listener = units / "profile-gateway.service", units / "profile-gateway.socket"
    assert run("systemd-analyze", "verify", "--man=no", service, listener) == ""
    run("systemd-analyze", "security", "--offline=yes", f"--threshold={MAX_EXPOSURE}", service)
    shutil.rmtree(units / "profile-gateway.service.d")
    assert run("systemd-analyze", "verify", "--man=no", service) == ""
