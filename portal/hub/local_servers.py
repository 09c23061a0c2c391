"""Jupyter servers as processes of this machine, each as its own Unix user, with limits that the kernel keeps.

JupyterHub's LocalProcessSpawner ignores `mem_limit`. Here `mem_limit` bounds the address space of each process (RLIMIT_AS is not resident memory: leave room), `processes`
those of a user, `file_bytes` the size of a file. Shares of the processor, and one limit for all processes of a person together, need control groups: systemdspawner or
containers.
"""

from __future__ import annotations

import grp
import os
import pwd
import resource
from collections.abc import Callable

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Integer, Unicode


class LimitedLocalServers(LocalProcessSpawner):  # type: ignore[misc]  # jupyterhub is untyped here
    """Local processes with limits."""

    processes = Integer(512, config=True, help="How many processes and threads one user may have; 0: no limit.")
    file_bytes = Integer(2 * 2**30, config=True, help="The largest file that one may write; 0: no limit.")
    course_group = Unicode("", help="The Unix group of the course that a teacher's server is for.")

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Return what the new process does before it becomes the server: take its limits, then lose the hub's rights."""
        account = pwd.getpwnam(name)
        groups = os.getgrouplist(name, account.pw_gid)
        umask = 0o077
        if self.course_group:
            groups.append(grp.getgrnam(self.course_group).gr_gid)
            umask = 0o007  # what a teacher makes is the course's
        limits = (
            (resource.RLIMIT_FSIZE, self.file_bytes),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_AS, self.mem_limit or 0),
        )

        def become() -> None:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            for kind, bound in limits:
                if bound:
                    resource.setrlimit(kind, (int(bound), int(bound)))
            os.umask(umask)
            os.setgid(account.pw_gid)
            os.setgroups(groups)
            os.setuid(account.pw_uid)
            os.chdir(account.pw_dir)

        return become
