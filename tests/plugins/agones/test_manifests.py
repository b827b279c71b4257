"""The manifests: what Agones and Kubernetes accept, and what each of them takes for granted of the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
from tests.plugins.agones.manifests import (
    FOLDER,
    PODS,
    arguments,
    container,
    environment,
    kustomization,
    names,
    objects,
    pod,
    the,
)
from tests.plugins.agones.schemas import faults

from linecard.cli import whole
from linecard.media_process.process import place_of
from linecard.pods.environment import OF_PODS, of_server
from linecard.tokens import ROUTE_END
from linecard_agones.answers import MEDIA_PORT
from linecard_agones.settings import NAME, read_allocator
from linecard_agones.tending import BEAT_SECONDS

SERVER, PROXY, FLEET = (
    ("Deployment", "linecard"),
    ("Deployment", "linecard-proxy"),
    ("Fleet", "linecard-media"),
)


def _named(one: dict[str, Any]) -> str:
    return f"{one['kind']}-{one.get('metadata', {}).get('name', '')}"


@pytest.mark.parametrize("manifest", objects(), ids=_named)
def test_it_is_what_kubernetes_accepts(manifest: dict[str, Any]) -> None:
    assert faults(manifest) == []


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    *way, last = path.split(".")

    def change(manifest: dict[str, Any]) -> None:
        inner: Any = manifest
        for step in way:
            inner = inner[int(step) if step.isdecimal() else step]
        inner[last] = value

    return change


GAME_SERVER = "spec.template.spec"
POD = f"{GAME_SERVER}.template.spec"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_set("spec.replica", 3), "Fleet.spec.replica is unknown"),
        (_set("spec.replicas", "3"), "is no integer"),
        (_set("spec.replicas", True), "is no integer"),
        (_set("spec.replicas", -1), "less than 0"),
        (_set("apiVersion", "agones.dev/v2"), "apiVersion is agones.dev/v1"),
        (_set("spec.template.metadata.labels.app", 7), "is no string"),
        (_set(f"{GAME_SERVER}.eviction.safe", "Sometimes"), "is none of"),
        (_set(f"{GAME_SERVER}.ports.0.portPolicy", "none"), "is none of"),
        (_set(f"{GAME_SERVER}.ports.0.port", 8080), "port is unknown"),
        (_set(f"{GAME_SERVER}.ports.0.containerPort", 80800), "more than 65535"),
        (_set(f"{GAME_SERVER}.health.period", 5), "period is unknown"),
        (_set(f"{POD}.containers.0.securityContext.readOnlyRootFileSystem", True), "is unknown"),
        (_set(f"{POD}.containers.0.name", None), "must not be null"),
        (_set("spec.strategy.rollingUpdate.maxSurge", []), "neither number nor text"),
    ],
)
def test_the_check_of_schemas_can_fail(
    change: Callable[[dict[str, Any]], None], fault: str
) -> None:
    manifest = deepcopy(the(*FLEET))
    change(manifest)
    found = faults(manifest)
    assert any(fault in one for one in found)


def test_all_of_it_is_applied_but_the_secrets() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert files - set(kustomization()["resources"]) == {
        "kustomization.yaml",
        "secrets.example.yaml",
    }
    assert kustomization()["namespace"] in names("Namespace")


def test_a_pod_is_given_no_credentials() -> None:
    """One key that admits it to the server, and nothing that opens anything else."""
    given = environment(*FLEET)
    assert set(given) == OF_PODS
    assert given["LINECARD_POD_KEY"] == {
        "secretKeyRef": {"name": "linecard-pods", "key": "LINECARD_POD_KEY"}
    }
    assert set(the("Secret", "linecard-pods")["stringData"]) == {"LINECARD_POD_KEY"}
    assert "envFrom" not in container(*FLEET)
    assert all(set(one) == {"name", "emptyDir"} for one in pod(*FLEET)["spec"]["volumes"])


@pytest.mark.parametrize("what", [SERVER, FLEET])
def test_kubernetes_adds_nothing_to_the_environment(what: tuple[str, str]) -> None:
    """It names variables after services, as `LINECARD_PORT`: settings that neither server nor pod would start with."""
    added = {f"{name.upper().replace('-', '_')}_PORT" for name in names("Service")}
    assert of_server(dict.fromkeys(added, "tcp://10.0.0.1:8080"), ()) == added
    assert pod(*what)["spec"]["enableServiceLinks"] is False


def test_an_agent_is_told_before_its_pod_is_killed() -> None:
    limit = container(*FLEET)["resources"]["limits"]["memory"]
    assert limit.endswith("Mi")
    assert int(environment(*FLEET)["LINECARD_POD_MEGABYTES"]) < int(limit.removesuffix("Mi"))


def test_a_pod_would_start_with_what_it_is_given() -> None:
    given = dict.fromkeys(environment(*FLEET), "given")
    place = place_of({**given, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, ["plivo"])
    assert place.control == "given"


def test_a_pod_knows_its_name_and_its_server() -> None:
    given = environment(*FLEET)
    assert given["LINECARD_POD"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    control = urlsplit(f"//{given['LINECARD_CONTROL_URL']}")
    service = the("Service", "linecard-control")
    host = f"linecard-control.{kustomization()['namespace']}.svc.cluster.local"
    assert control.hostname == host
    assert control.port == service["spec"]["ports"][0]["port"]
    assert str(control.port) == arguments(*SERVER)["--control-port"]


def test_the_allocator_is_asked_for_this_fleet() -> None:
    given = {name: one for name, one in environment(*SERVER).items() if isinstance(one, str)}
    settings = read_allocator(given)
    assert settings is not None
    assert settings.fleet == the(*FLEET)["metadata"]["name"]
    assert settings.namespace == kustomization()["namespace"]
    secret = the("Secret", "agones-allocator-client")["stringData"]
    files = {settings.client_cert, settings.client_key, settings.ca}
    assert files == {f"/etc/agones/{key}" for key in secret}


def test_the_port_of_a_pod_is_one_everywhere() -> None:
    (port,) = the(*FLEET)["spec"]["template"]["spec"]["ports"]
    assert (port["name"], port["portPolicy"], port["protocol"]) == (MEDIA_PORT, "None", "TCP")
    assert str(port["containerPort"]) == arguments(*FLEET)["--port"]
    assert port["containerPort"] == the("Service", "linecard-media")["spec"]["ports"][0]["port"]


def test_a_sign_of_life_comes_as_often_as_the_fleet_wants() -> None:
    health = the(*FLEET)["spec"]["template"]["spec"]["health"]
    assert health["periodSeconds"] == BEAT_SECONDS
    assert health["failureThreshold"] * health["periodSeconds"] <= 15


@pytest.mark.parametrize("what", [SERVER, FLEET])
def test_calls_may_end_before_their_process_is_killed(what: tuple[str, str]) -> None:
    grace = pod(*what)["spec"]["terminationGracePeriodSeconds"]
    # The last hang-ups take 10 s, and agents some more.
    assert grace >= int(arguments(*what)["--drain-seconds"]) + 30


def test_no_call_is_cut_by_a_new_version() -> None:
    assert the(*SERVER)["spec"]["strategy"] == {"type": "Recreate"}
    assert the(*SERVER)["spec"]["replicas"] == 1
    for name in ("linecard", "linecard-control"):
        assert the("Service", name)["spec"]["publishNotReadyAddresses"] is True
    grace = pod(*PROXY)["spec"]["terminationGracePeriodSeconds"]
    assert grace >= pod(*FLEET)["spec"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("what", [SERVER, FLEET])
def test_the_command_line_takes_its_options(what: tuple[str, str]) -> None:
    serve = typer.main.get_command(whole()).commands["serve"]  # type: ignore[attr-defined]
    known = {option for one in serve.params for option in one.opts}
    assert set(arguments(*what)) <= known


@pytest.mark.parametrize("what", sorted(PODS))
def test_nothing_runs_as_root_or_writes_its_image(what: tuple[str, str]) -> None:
    context = {
        **pod(*what)["spec"].get("securityContext", {}),
        **container(*what)["securityContext"],
    }
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert "memory" in container(*what)["resources"]["limits"]


def test_the_sidecar_keeps_its_own_user_and_its_token() -> None:
    """Both would be taken from it by settings of the whole pod."""
    assert not {"securityContext", "automountServiceAccountToken"} & set(pod(*FLEET)["spec"])


def test_selectors_find_their_pods() -> None:
    labels = {name: pod(kind, name)["metadata"]["labels"] for kind, name in PODS}
    for one in objects():
        if one["kind"] == "Service":
            assert one["spec"]["selector"] in labels.values(), one["metadata"]["name"]
    for kind, name in (SERVER, PROXY):
        assert the(kind, name)["spec"]["selector"]["matchLabels"] == labels[name]
    assert the("FleetAutoscaler", "linecard-media")["spec"]["fleetName"] == FLEET[1]


def test_what_is_mounted_is_there() -> None:
    generated = {one["name"] for one in kustomization()["configMapGenerator"]}
    for kind, name in PODS:
        for volume in pod(kind, name)["spec"].get("volumes", ()):
            if "secret" in volume:
                assert volume["secret"]["secretName"] in names("Secret")
            if "configMap" in volume:
                assert volume["configMap"]["name"] in generated
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in names(
                    "PersistentVolumeClaim"
                )
    for one in kustomization()["configMapGenerator"]:
        assert all((FOLDER / file).exists() for file in one["files"])


def _may_reach(name: str, port: int) -> set[str]:
    """The pods of this namespace that a policy lets in, `*` for any."""
    return {
        peer.get("podSelector", {}).get("matchLabels", {}).get("app", "*")
        for rule in the("NetworkPolicy", name)["spec"]["ingress"]
        if port in {one["port"] for one in rule["ports"]}
        for peer in rule["from"]
    }


def test_who_reaches_whom() -> None:
    assert the("NetworkPolicy", "nobody")["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert _may_reach("media", 8080) == {"linecard-proxy", "linecard"}
    assert _may_reach("server", 8080) == {"linecard-proxy"}
    assert _may_reach("server", 8090) == {"linecard-media"}
    assert _may_reach("server", 8081) == set()
    assert _may_reach("proxy", 8080) == {"*"}


def test_a_pod_reaches_no_database() -> None:
    ports = {
        one["port"]
        for rule in the("NetworkPolicy", "media")["spec"]["egress"]
        for one in rule["ports"]
    }
    assert ports == {8090, 53, 443, 6443}


def test_there_are_always_pods_ready() -> None:
    buffer = the("FleetAutoscaler", "linecard-media")["spec"]["policy"]["buffer"]
    assert 0 < buffer["bufferSize"] <= buffer["minReplicas"] <= the(*FLEET)["spec"]["replicas"]
    assert buffer["maxReplicas"] > buffer["minReplicas"]


def test_names_fit_into_addresses() -> None:
    # Agones puts two times a hyphen and five letters behind it.
    assert NAME.fullmatch(f"{FLEET[1]}-abcde-fghij")


NGINX = (FOLDER / "nginx.conf").read_text(encoding="utf-8")


def _route() -> re.Pattern[str]:
    found = re.search(r'location ~ "(?P<route>[^"]+)"', NGINX)
    assert found is not None
    return re.compile(found["route"].replace("(?<", "(?P<"))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ws/plivo/linecard-media-abcde-fghij~token", "linecard-media-abcde-fghij"),
        ("/ws/acme-2/a~b~c", "a"),
        ("/ws/plivo/eyJhbGciOi.token", None),
        ("/ws/plivo/a.evil.example~token", None),
        ("/ws/plivo/-a~token", None),
        ("/ws/plivo/" + "a" * 64 + "~token", None),
        ("/ws/plivo/x/a~token", None),
        ("/plivo/answer?a~b", None),
    ],
)
def test_the_proxy_finds_the_pod_in_the_path(path: str, name: str | None) -> None:
    found = _route().match(path)
    assert (found["pod"] if found else None) == name


def test_the_proxy_looks_for_the_end_of_the_name_that_tokens_have() -> None:
    assert _route().match(f"/ws/plivo/pod-1{ROUTE_END}x") is not None


def test_the_proxy_asks_for_the_pods_name_in_dns() -> None:
    """A pod has a name where its subdomain is that of a service without an address of its own."""
    namespace = kustomization()["namespace"]
    subdomain = pod(*FLEET)["spec"]["subdomain"]
    service = the("Service", subdomain)
    assert service["spec"]["clusterIP"] == "None"
    port = service["spec"]["ports"][0]["port"]
    assert f"proxy_pass http://$pod.{subdomain}.{namespace}.svc.cluster.local:{port};" in NGINX
    assert NGINX.count(f"proxy_pass http://linecard.{namespace}.svc.cluster.local:8080;") == 2
