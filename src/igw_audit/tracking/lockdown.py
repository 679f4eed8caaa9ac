"""What a process gives up before it opens a model: network, other programs, other processes, and writing files.

Linux lets any process do so for good (seccomp, in the kernel since 3.17); elsewhere only time and memory are limited.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from dataclasses import dataclass

_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16
_NO_NEW_PRIVILEGES, _NOT_DUMPABLE = 38, 4
_FILTER, _ALL_THREADS = 1, 1
#: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC.
_WRITES = 0o1 | 0o2 | 0o100 | 0o1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    """The numbers of system calls on one kind of processor."""

    audit: int
    seccomp: int
    #: Each call that is refused.
    refused: tuple[int, ...]
    #: Calls that open files, with the place of their flags among the arguments.
    opens: tuple[tuple[int, int], ...]
    #: Its flags are in memory, where a filter cannot look; programs fall back to the others.
    unknown: int = 437
    #: The lowest number of a second set of numbers for the same calls.
    second_set: int | None = None


#: Sockets; other programs; other processes; files that change; the kernel itself. io_uring does any of it unseen.
_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        seccomp=317,
        refused=(
            *(41, 42, 43, 44, 46, 49, 50, 53, 288, 307, 425, 426, 427),
            *(59, 322, 101, 310, 311, 62, 200, 424, 434, 438),
            *(76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 94, 132, 133, 188, 235, 258, 259, 260, 261, 263, 264),
            *(265, 266, 268, 280, 316, 452, 165, 166, 155, 161, 167, 169, 175, 176, 246, 248, 250, 272, 298, 304, 308),
            *(313, 320, 321, 323, 428, 429, 430, 432, 442),
        ),
        opens=((2, 1), (257, 2)),
        second_set=0x40000000,
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        seccomp=277,
        refused=(
            *(198, 199, 200, 201, 202, 203, 206, 211, 242, 269, 425, 426, 427),
            *(221, 281, 117, 270, 271, 129, 130, 424, 434, 438),
            *(
                33,
                34,
                35,
                36,
                37,
                38,
                45,
                46,
                52,
                53,
                54,
                55,
                88,
                276,
                452,
                5,
                6,
                39,
                40,
                41,
                51,
                105,
                106,
                104,
                217,
                219,
            ),
            *(97, 241, 265, 268, 273, 280, 282, 428, 429, 430, 432, 442),
        ),
        opens=((56, 2),),
    ),
}


def lock_down() -> bool:
    """Give up network, programs, processes and writing, in every thread and for good; tell whether that was done.

    What is refused afterwards fails with EPERM. Open files stay open.
    """
    if not sys.platform.startswith("linux"):
        return False
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_NOT_DUMPABLE, 0, 0, 0, 0)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    program = _program(machine)
    steps = ctypes.create_string_buffer(b"".join(program))

    class Filter(ctypes.Structure):
        _fields_ = [("count", ctypes.c_ushort), ("steps", ctypes.c_void_p)]

    held = Filter(len(program), ctypes.cast(steps, ctypes.c_void_p))
    done: int = library.syscall(machine.seccomp, _FILTER, _ALL_THREADS, ctypes.byref(held))
    return done == 0


def limit_process(*, megabytes: int) -> None:
    """Limit memory, and leave no image of it behind; nothing where the system has no such limits."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_AS, megabytes << 20),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 1 << 20),
    ):
        soft, hard = resource.getrlimit(kind)
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if soft == resource.RLIM_INFINITY or soft > lowest:
            resource.setrlimit(kind, (lowest, lowest))


def _program(machine: _Machine) -> list[bytes]:
    refuse = _REFUSE | errno.EPERM
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, machine.audit, yes=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine.second_set is not None:
        steps += [_step(_AT_LEAST, machine.second_set, no=1), _step(_RETURN, refuse)]
    for number in machine.refused:
        steps += [_step(_EQUAL, number, no=1), _step(_RETURN, refuse)]
    steps += [_step(_EQUAL, machine.unknown, no=1), _step(_RETURN, _REFUSE | errno.ENOSYS)]
    for number, place in machine.opens:
        steps += [
            _step(_EQUAL, number, no=4),
            _step(_LOAD, _ARGUMENT + 8 * place),
            _step(_ANY_BIT, _WRITES, no=1),
            _step(_RETURN, refuse),
            _step(_RETURN, _ALLOW),
        ]
    return [*steps, _step(_RETURN, _ALLOW)]


def _step(code: int, operand: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, operand)
