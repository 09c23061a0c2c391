"""A notebook of another language, graded where Python notebooks are forked: it gets its own kernel, behind bubblewrap all the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from autograder.execution.engines import EngineRoom
from autograder.jobs import AssignmentSource, GradingJob, Limits, SourceCell, SourceNotebook
from autograder.sandbox.bubblewrap import find_bubblewrap
from autograder.scheduling.worker import grade_job

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("fork-server"),
    pytest.mark.skipif(find_bubblewrap() is None, reason="bubblewrap makes no sandbox on this machine"),
]

ECHO = """
import os
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Echo(Kernel):
    implementation, implementation_version, banner = "echo", "1", "echo"
    language_info = {"name": "echo", "mimetype": "text/plain", "file_extension": ".echo"}

    async def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **more):
        seen = os.path.exists(code.removeprefix("see ")) if code.startswith("see ") else code
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": f"echo: {seen}"})
        if code.startswith("wrong"):
            told = {"ename": "Wrong", "evalue": code, "traceback": [code]}
            self.send_response(self.iopub_socket, "error", told)
            return {"status": "error", "execution_count": self.execution_count, **told}
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Echo)
"""


def cell(name: str, source: str, points: float | None) -> SourceCell:
    return SourceCell(
        name=name, cell_type="code", source=source, checksum="0" * 32, locked=points is not None, is_grade=points is not None,
        is_solution=points is None, is_task=False, points=points,
    )  # fmt: skip


def test_another_kernel_runs_in_bubblewrap_and_the_submissions_own_choice_is_not_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in (("echo", ECHO), ("evil", f"open({str(tmp_path / 'evil-ran')!r}, 'w')")):
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        spec: dict[str, object] = {"argv": [sys.executable, "-c", code, "-f", "{connection_file}"], "display_name": name, "language": name}
        spec["metadata"] = {"kernel_provisioner": {"provisioner_name": "local-provisioner"}}  # bubblewrap all the same
        (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    hidden = tmp_path / "gradebook.db"
    hidden.write_text("hidden", encoding="utf-8")
    submission = tmp_path / "submitted"
    submission.mkdir()
    answer = nbformat.v4.new_code_cell(f"see {hidden}", metadata={"nbgrader": {"grade_id": "answer"}})
    handed = nbformat.v4.new_notebook(cells=[answer])
    handed.metadata["kernelspec"] = {"name": "evil", "display_name": "evil", "language": "evil"}
    (submission / "p1.ipynb").write_text(nbformat.writes(handed), encoding="utf-8")
    notebook = SourceNotebook(
        name="p1",
        kernelspec={"name": "echo", "display_name": "echo", "language": "echo"},
        cells=(cell("answer", "", None), cell("right", "right", 2.0), cell("wrong", "wrong", 3.0)),
    )
    source = AssignmentSource(course="c", assignment="ps1", folder=str(tmp_path / "none"), notebooks=(notebook,), digest="0" * 64)
    job = GradingJob(source=source, learner="ana", submission=str(submission), limits=Limits(cell_timeout_s=60), sandbox=False)
    assert KernelProvisionerFactory.instance().default_provisioner_name == "local-provisioner", (
        "a kernel was started in this process before"
    )
    with EngineRoom(assurance="compat") as room:
        ready = room.prepare(source)
        assert ready.server is not None, "Python notebooks are forked here"
        result = grade_job(job, ready, worker="local-0")
    assert (result.status, result.reason) == ("graded", "")
    assert [each.auto_score for each in result.cells] == [2.0, 0.0]
    graded = nbformat.reads(result.notebooks[0].document, as_version=4)
    assert graded.cells[0].outputs[0].text == "echo: False", "the kernel sees nothing of the grader's machine"
    assert graded.metadata.language_info.name == "echo"
    assert not (tmp_path / "evil-ran").exists()
    assert result.sandbox == "bubblewrap"
