"""What a process gives up, it cannot take back: each way out is tried in a process that was locked down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux takes a process's network away"
)

TRIES = r"""
import ctypes, json, os, socket, subprocess, sys, threading
folder, parent = sys.argv[1], int(sys.argv[2])
before = threading.Event(), threading.Event()
said = {}

def attempt(name, what):
    try:
        what()
    except OSError as error:
        said[name] = type(error).__name__
    else:
        said[name] = "done"

def earlier_thread():
    before[0].wait()
    attempt("network from a thread that was there before", lambda: socket.socket())
    before[1].set()

threading.Thread(target=earlier_thread).start()
held = os.open(folder + "/held", os.O_RDONLY)
from igw_audit.tracking.lockdown import lock_down
print(json.dumps({"locked": lock_down()}), flush=True)
before[0].set()
before[1].wait()
libc = ctypes.CDLL(None, use_errno=True)

def raw(*call):
    def do():
        if libc.syscall(*call) < 0:
            raise OSError(ctypes.get_errno(), "refused")
    return do

for kind in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"):
    attempt(f"network {kind}", lambda: socket.socket(getattr(socket, kind)))
attempt("a pair of sockets", socket.socketpair)
attempt("another program", lambda: subprocess.run(["/bin/true"]))
attempt("another program in its place", lambda: os.execv("/bin/true", ["true"]))
attempt("a signal to its parent", lambda: os.kill(parent, 0))
attempt("a new file", lambda: open(folder + "/new", "w"))
attempt("an older file", lambda: open(folder + "/held", "a"))
attempt("another name", lambda: os.rename(folder + "/held", folder + "/moved"))
attempt("removal", lambda: os.unlink(folder + "/held"))
attempt("a link", lambda: os.symlink("/", folder + "/link"))
attempt("a folder", lambda: os.mkdir(folder + "/folder"))
attempt("other modes", lambda: os.chmod(folder + "/held", 0o777))
attempt("the memory of its parent", lambda: open(f"/proc/{parent}/mem", "r+b"))
if os.uname().machine == "x86_64":
    attempt("io_uring", raw(425, 8, None))
    attempt("openat2", raw(437, -100, folder.encode(), None, 24))
    attempt("a socket by its second number", raw(0x40000000 | 41, 2, 1, 0))
said["reading what is open"] = os.read(held, 10).decode()
said["reading what is there"] = open(folder + "/held").read()
print(json.dumps(said))
"""


def test_a_locked_process_reaches_nothing_and_reads_on(tmp_path: Path) -> None:
    import os

    (tmp_path / "held").write_text("there", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", TRIES, str(tmp_path), str(os.getpid())], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    locked, said = map(json.loads, done.stdout.splitlines())
    if not locked["locked"]:
        pytest.skip("the kernel of this machine has no seccomp")
    assert said.pop("reading what is open") == "there"
    assert said.pop("reading what is there") == "there"
    assert len(said) >= 16
    assert {name: word for name, word in said.items() if word not in ("PermissionError", "OSError")} == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["held"]
