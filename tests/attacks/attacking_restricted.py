"""What the restricted process does when it is asked to attack: whole families of attacks, in a process that only the profile holds and in a kernel of the product."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograder.errors import SandboxMissingError
from autograder.execution.fork_server import ForkServer, KernelDiedError
from autograder.jobs import Limits
from autograder.sandbox import in_place, landlock
from autograder.sandbox.isolation import Confinement
from tests.attacks import test_escaping, test_exhausting, test_reading, test_surviving, test_tampering
from tests.attacks.arena import Attack, names_as_code
from tests.attacks.stripped import FILE_BYTES, MEMORY_BYTES

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}
LIMITS = Limits(processes=64, memory_bytes=MEMORY_BYTES, file_bytes=FILE_BYTES)
_FAMILIES: dict[str, tuple[Attack, ...]] = {
    "reading": test_reading.ATTACKS,
    "escaping": test_escaping.ATTACKS,
    "tampering": test_tampering.ATTACKS,
    "exhausting": test_exhausting.ATTACKS,
}


def try_family(family: str, server: ForkServer, scratch: Path) -> dict[str, list[str]]:
    """Return the names of the attacks that succeed where only the profile holds ("bare"), and in a kernel ("behind")."""
    outside = Path(tempfile.mkdtemp(dir=scratch))
    outside.chmod(0o755)
    with _laid_out(family, outside) as (names, prepare):
        bare: list[str] = []
        behind: list[str] = []
        effects: set[str] = set()
        for attack in _FAMILIES[family]:
            if not attack.runs_in_kernel:
                continue
            prepare()
            code = names_as_code(names())
            before = _state(names())
            if _succeeds(server, f"{code}\n{attack.code}"):
                behind.append(attack.name)
            if _state(names()) != before:
                effects.add(attack.name)
            if family != "exhausting":
                prepare()
                if run_bare(f"{names_as_code(names())}\n{attack.code}", scratch)["succeeded"]:
                    bare.append(attack.name)
    return {"bare": bare, "behind": behind, "effects": sorted(effects)}


def _succeeds(server: ForkServer, code: str) -> bool:
    """Whether code runs to its end in a kernel of its own. One that is ended for what it takes has not come to its end."""
    with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
        try:
            return not any(output["output_type"] == "error" for output in kernel.run_cell(code).outputs)
        except KernelDiedError:
            return False


def _state(names: dict[str, Any]) -> list[object]:
    """Return what no attack may change: the site's files, and how the victim runs."""
    found: list[object] = []
    for path in sorted(Path(names["site"]).rglob("*")) if "site" in names else []:
        status = path.lstat()
        found.append([str(path), status.st_mode, status.st_size, status.st_mtime_ns])
    if "victim" in names:
        pid = names["victim"]
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] in {"T", "t", "Z", "X"}
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        found += [state, sorted(os.sched_getaffinity(pid)), os.getpriority(os.PRIO_PROCESS, pid), limits]
    return found


@contextlib.contextmanager
def _laid_out(family: str, outside: Path) -> Iterator[tuple[Callable[[], dict[str, Any]], Callable[[], object]]]:
    if family == "tampering":
        site = test_tampering.Site(outside)
        yield lambda: site.names, site.make_with_new_victim
        site.victim.kill()
        site.victim.wait()
    elif family == "exhausting":
        yield dict, dict
    else:
        made = (test_reading if family == "reading" else test_escaping).lay_out(outside)
        names = next(made)
        yield lambda: names, lambda: (outside / "open" / "mine.ipynb").unlink(missing_ok=True)
        assert next(made, None) is None


def survive(server: ForkServer, scratch: Path) -> dict[str, list[str]]:
    """Return what a kernel, and what a process that only the profile holds, leaves behind."""
    site = Path(tempfile.mkdtemp(dir=scratch))
    for name in ("home", "library", "spool"):
        (site / name).mkdir()
    found: dict[str, list[str]] = {"bare": [], "behind": []}
    for name, survivor in test_surviving.SURVIVORS.items():
        for how in found:
            mark = f"patunay{os.getpid()}{how}{len(found['bare'])}x{len(name)}"
            code = f"{test_surviving._names(site, mark)}\n{survivor.code}"
            if how == "bare":
                run_bare(code, scratch)
                is_left = test_surviving._appears(survivor, site, mark)
            else:
                with server.start_kernel(None, LIMITS, ENVIRONMENT) as kernel:
                    kernel.run_cell(code)
                is_left = test_surviving._is_left(survivor, site, mark)
            if is_left:
                found[how].append(name)
            test_surviving.clear_away(site, mark)
    return found


def fill_the_disk(server: ForkServer, code: str) -> str:
    """Return what became of a kernel that may write 16 MiB and runs `code`."""
    limits = Limits(processes=64, file_bytes=2**22, disk_bytes=2**24, cell_timeout_s=600)
    with server.start_kernel(None, limits, ENVIRONMENT) as kernel:
        try:
            return str(kernel.run_cell(code).outputs)
        except KernelDiedError as died:
            return str(died)


def run_bare(code: str, scratch: Path) -> dict[str, object]:
    """Run code in a process that nothing but the profile holds."""
    with tempfile.TemporaryFile() as told:  # no pipe: a program that stays would hold it open
        program = f"{code}\nimport os\nos._exit(0)"
        ended = subprocess.run([sys.executable, "-c", program], check=False, stdout=told, stderr=told, cwd=scratch, timeout=300)
        told.seek(0)
        return {"succeeded": ended.returncode == 0, "why": told.read().decode()[-400:]}


def run_with_older_landlock(code: str, abi: int, scratch: Path) -> str:
    """Run code in a process locked in as on a kernel whose Landlock has that ABI; return what stopped it, "" if nothing did."""
    place, (told, tell) = tempfile.mkdtemp(dir=scratch), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for module in (in_place, landlock):
                module.landlock_abi = lambda: abi  # type: ignore[attr-defined]
            confinement = Confinement(place, None, b"", LIMITS, 210_999 if os.geteuid() == 0 else None, "no name spaces")
            if os.geteuid() == 0:
                Path(scratch).chmod(0o711)
            in_place.prepare_place(confinement)
            in_place.lock_in_place(confinement)
            exec(compile(code, "attack", "exec"), {"__name__": "__main__"})
        except BaseException:  # noqa: BLE001 - whatever it was is what is told
            os.write(tell, traceback.format_exc().encode()[-1000:])
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(told, errors="replace") as stream:
        answer = stream.read()
    os.waitpid(pid, 0)
    return answer


def grade(answer: str, test: str, scratch: Path, solution: str) -> list[object]:
    """Return the status, the reason and the points of an answer that is graded sealed."""
    from tests.autograder.sealed.examination import Desk, both_servers

    with both_servers("numpy") as servers:
        result = Desk(servers, Path(tempfile.mkdtemp(dir=scratch))).grade(solution, answer, test, limits=Limits(cell_timeout_s=120))
    told = [json.loads(cell.model_dump_json()) for cell in result.cells]
    return [result.status, result.reason, [cell["auto_score"] for cell in told], str(told)[-1500:]]


def prepare_engine(scratch: Path) -> dict[str, Any]:
    """Return the sandbox of a run whose site demands one, and what `patunay doctor` says of the machine."""
    from autograder.execution.engines import EngineRoom
    from portal.doctoring import examine
    from tests.autograder.sealed.examination import Desk

    desk = Desk(None, Path(tempfile.mkdtemp(dir=scratch)))  # type: ignore[arg-type]  # nothing is graded
    source = desk.job("x = 1", "x = 1", "assert x == 1").source
    found = {finding.name: [finding.state, finding.told, finding.remedy] for finding in examine(scratch)}
    try:
        with EngineRoom(sandbox_required=True) as room:
            return {"sandbox": room.prepare(source).sandbox, "found": found}
    except SandboxMissingError as refusal:
        return {"refusal": refusal.problem, "found": found}
