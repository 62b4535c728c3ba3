"""The values for Kubernetes are well formed, and agree with the hub on one machine.

No cluster and no chart is here: the schema beside this file says, in our words, what version 4.1.0
of the chart takes of what we use. ``helm template`` against the chart itself is in the guide.
"""

from __future__ import annotations

import copy
import json
import re
import stat
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import jsonschema
import pytest
import yaml
from traitlets.config import Config

from tests.conftest import ROOT

DEPLOY = ROOT / "deploy" / "kubernetes"
VALUES = yaml.safe_load((DEPLOY / "values.yaml").read_text())
SCHEMA = json.loads((Path(__file__).parent / "chart_values.schema.json").read_text())
USER = VALUES["singleuser"]


def changed(*path: str, value: object) -> dict:
    """The values with one of them changed or added."""
    values = copy.deepcopy(VALUES)
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return values


class TestForm:
    def test_they_fit_the_chart(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        jsonschema.validate(VALUES, SCHEMA)

    @pytest.mark.parametrize(
        "values",
        [
            changed("singleuser", "networkpolicy", value={}),
            changed("singleuser", "memory", "limit", value="much"),
            changed("singleuser", "networkPolicy", "egressAllowRules", "internet", value=True),
            changed("hub", "extraFiles", "courseHub", value={"stringData": ""}),
            changed("proxy", "service", "type", value="Public"),
        ],
    )
    def test_a_slip_is_found(self, values):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(values, SCHEMA)


@pytest.fixture
def hub(monkeypatch) -> Config:
    """JupyterHub's configuration after the chart's hub has run our lines."""
    values = VALUES
    z2jh = ModuleType("z2jh")

    def get_config(path: str) -> object:
        found = values
        for key in path.split("."):
            found = found[key]
        return found

    z2jh.get_config = get_config
    monkeypatch.setitem(sys.modules, "z2jh", z2jh)
    monkeypatch.syspath_prepend(str(ROOT / "deploy" / "jupyterhub"))
    config = Config()
    config.JupyterHub.load_roles = [{"name": "jupyterhub-idle-culler"}]
    exec(VALUES["hub"]["extraConfig"]["course"], {"c": config})
    return config


class TestWhoMayDoWhat:
    def test_the_class_comes_from_the_values(self, hub):
        custom = VALUES["custom"]
        everybody = {custom["courseAccount"], *custom["instructors"], *custom["students"]}
        assert hub.Authenticator.allowed_users == everybody

    def test_what_the_chart_has_set_stays(self, hub):
        names = [role["name"] for role in hub.JupyterHub.load_roles]
        assert names == ["jupyterhub-idle-culler", "instructors"]

    def test_everybody_has_another_number(self, hub):
        numbers = [
            hub.KubeSpawner.uid(SimpleNamespace(user=SimpleNamespace(id=id_))) for id_ in range(300)
        ]
        assert len(set(numbers)) == 300
        assert min(numbers) > 1000

    def test_no_pod_reaches_anything_but_the_hub(self):
        policy = USER["networkPolicy"]
        rules = policy["egressAllowRules"]
        assert policy["enabled"] and "egress" not in policy
        assert not any(rules[k] for k in ("cloudMetadataServer", "nonPrivateIPs", "privateIPs"))
        assert USER["allowPrivilegeEscalation"] is False
        assert VALUES["hub"]["networkPolicy"]["enabled"]

    def test_only_the_exchange_is_shared(self):
        (volume,) = USER["storage"]["extraVolumes"]
        claim = yaml.safe_load((DEPLOY / "exchange.yaml").read_text())
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


class TestOneMachineAndMany:
    def test_the_exchange_is_at_one_place(self):
        places = {
            USER["extraEnv"]["NBGRADER_EXCHANGE"],
            USER["storage"]["extraVolumeMounts"][0]["mountPath"],
            USER["initContainers"][0]["volumeMounts"][0]["mountPath"],
            USER["initContainers"][0]["command"][-1],
        }
        assert len(places) == 1
        assert f'"{places.pop()}"' in (ROOT / "deploy/jupyterhub/nbgrader_config.py").read_text()

    def test_the_exchange_has_one_mode(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(str(ROOT / "deploy" / "jupyterhub"))
        from course_hub import make_exchange

        make_exchange(tmp_path / "srv" / "exchange")
        mode = stat.S_IMODE((tmp_path / "srv" / "exchange").stat().st_mode)
        assert USER["initContainers"][0]["command"] == [
            "chmod",
            f"{mode:o}",
            "/srv/nbgrader/exchange",
        ]

    def test_the_course_account_has_one_name(self):
        assert USER["extraEnv"]["NBGRADER_COURSE_ACCOUNT"] == VALUES["custom"]["courseAccount"]

    def test_the_image_is_one(self):
        image = f"{USER['image']['name']}:{USER['image']['tag']}"
        assert {c["image"] for c in USER["initContainers"]} == {image}
        assert f"-t {image} " in (DEPLOY / "Dockerfile").read_text()

    def test_the_image_holds_nothing_but_the_students_edition(self):
        lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
        copied = [p for line in lines if line.startswith("COPY") for p in line.split()[1:-1]]
        assert [path for path in copied if not path.startswith("deploy/jupyterhub/")] == [
            "student/"
        ]
        assert all((ROOT / p).is_file() for p in copied if p != "student/")
        ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        assert ignored[0] == "*" and {line for line in ignored if line[0] == "!"} == {
            "!student",
            "!deploy/jupyterhub",
        }

    def test_the_image_finds_its_settings_where_they_are_put(self):
        text = (DEPLOY / "Dockerfile").read_text()
        (target,) = re.findall(r"^COPY deploy\S+ .* (\S+)/$", text, re.MULTILINE)
        assert f"JUPYTER_CONFIG_PATH={target}\n" in text


class TestWhoSomebodyIs:
    def settings(self, monkeypatch, **environment: str) -> Config:
        for name in ("NBGRADER_COURSE_ACCOUNT", "JUPYTERHUB_USER", "NBGRADER_EXCHANGE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        config = Config()
        path = ROOT / "deploy" / "jupyterhub" / "nbgrader_config.py"
        exec(compile(path.read_text(), path, "exec"), {"get_config": lambda: config})
        return config

    def test_in_a_pod_the_hub_says(self, monkeypatch):
        named = {"NBGRADER_COURSE_ACCOUNT": "rnn-course"}
        student = self.settings(monkeypatch, JUPYTERHUB_USER="alice", **named)
        assert student.CourseDirectory.student_id == "alice"
        course = self.settings(monkeypatch, JUPYTERHUB_USER="rnn-course", **named)
        assert "student_id" not in course.CourseDirectory

    def test_on_one_machine_the_system_says_and_is_asked(self, monkeypatch):
        config = self.settings(monkeypatch, JUPYTERHUB_USER="alice")
        assert "student_id" not in config.CourseDirectory
        assert "check_owner" not in config.ExchangeCollect

    def test_everybody_in_a_pod_hands_in_under_the_own_name(self, monkeypatch, tmp_path):
        """One number of the system may own all of it: the hub's names are what is collected."""
        from nbgrader.auth import Authenticator
        from nbgrader.coursedir import CourseDirectory
        from nbgrader.exchange.default import ExchangeSubmit

        from course.grader.classroom.exchange import CollectOwnWork, ReleaseToAll

        exchange = tmp_path / "exchange"
        exchange.mkdir()
        exchange.chmod(0o1777)

        def act(kind: type, who: str, folder: Path) -> None:
            config = self.settings(
                monkeypatch, JUPYTERHUB_USER=who, NBGRADER_COURSE_ACCOUNT="rnn-course",
                NBGRADER_EXCHANGE=str(exchange),
            )  # fmt: skip
            config.Exchange.cache = str(tmp_path / "cache")
            config.Exchange.assignment_dir = config.CourseDirectory.root = str(folder)
            config.CourseDirectory.assignment_id = "00_small"
            named = {"coursedir": CourseDirectory(config=config), "config": config}
            kind(**named, authenticator=Authenticator(config=config)).start()

        (tmp_path / "course" / "release" / "00_small").mkdir(parents=True)
        act(ReleaseToAll, "rnn-course", tmp_path / "course")
        for who in ("alice", "bob"):
            (tmp_path / who / "00_small").mkdir(parents=True)
            (tmp_path / who / "00_small" / "small.ipynb").write_text(who)
            act(ExchangeSubmit, who, tmp_path / who)
        act(CollectOwnWork, "rnn-course", tmp_path / "course")
        taken = (tmp_path / "course" / "submitted").glob("*/00_small/small.ipynb")
        assert {path.parts[-3]: path.read_text() for path in taken} == {
            "alice": "alice",
            "bob": "bob",
        }
