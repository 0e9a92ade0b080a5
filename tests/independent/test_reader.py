"""A stranger reads what we write: a virtual environment of its own, two libraries, and the files under schemas/."""

import json
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

from tests.integration.people import Plant

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
PINS = ("confluent-kafka", "fastavro")
FAMILIES = ("cp.commands.v1", "cp.agent-mesh.results.v1", "cp.agent-mesh.tasks.v1", "cp.workflow.events.v1",
            "cp.tenancy.events.v1", "cp.governance.events.v1", "cp.costs.events.v1", "cp.state.v1",
            "cp.rejections.v1", "cp.catalogue.v1", "cp.dead-letters.v1")  # fmt: skip


def pinned() -> list[str]:
    """Give the two libraries as the lock file pins them."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [line.split()[0] for line in lines if line.split("==")[0] in PINS]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with an environment and a copy of the schema files, and nothing else of ours."""
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder / "env", with_pip=True)
    pip = [folder / "env" / "bin" / "python", "-m", "pip", "install", "--quiet", *pinned()]
    subprocess.run(pip, check=True, timeout=200)
    shutil.copytree(ROOT / "schemas" / "avro", folder / "schemas" / "avro")
    shutil.copy(ROOT / "schemas" / "registry.lock.json", folder / "schemas")
    shutil.copy(ROOT / "tests" / "independent" / "reader.py", folder)
    return folder


def test_a_stranger_decodes_every_record_and_finds_order_and_chain_sound(
    plant: Plant, stranger: Path
) -> None:
    instance = plant.start("plant-a", "add-five", value=1)
    plant.wait_for("plant-a", instance, "WorkflowInstanceCompleted")
    plant.ask("PauseWorkflow", "plant-a", workflow_instance_id=instance, reason="too late")
    plant.ask("ActivateTenant", "nobody-at-all")
    read = subprocess.run(
        [stranger / "env" / "bin" / "python", "reader.py", plant.bootstrap, "schemas"],
        cwd=stranger,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert read.returncode == 0, read.stdout[-3000:] + read.stderr[-3000:]
    report = json.loads(read.stdout)
    assert report["findings"] == []
    assert [name for name in FAMILIES if not report["records"].get(name)] == []
    assert {"system", "plant-a"} <= set(report["facts"])


def test_the_reader_imports_nothing_of_ours() -> None:
    text = (ROOT / "tests" / "independent" / "reader.py").read_text(encoding="utf-8")
    ours = ("schemas", "topics", "processors", "streams", "query", "tests")
    imported = [
        line
        for line in text.splitlines()
        if line.startswith(("import ", "from ")) and line.split()[1].split(".")[0] in ours
    ]
    assert imported == []
