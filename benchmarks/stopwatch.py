"""Start commands, all at once, and say how long they took: a JSON object a line in, one out.

A process of its own, and a small one, because Linux hands a starter's peak memory on to what it starts: children of the
benchmark itself, which holds a driver, would all seem as large as it is.
"""

import json
import os
import sys
import time
from typing import Any


def run(request: dict[str, Any]) -> dict[str, float]:
    os.chdir(request["cwd"])
    env, sink = request["env"], request["stderr"]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, sink, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
    ]
    begun = time.perf_counter()
    pids = [
        os.posix_spawn(command[0], command, env, file_actions=actions)
        for command in request["commands"]
    ]
    ends = [os.wait4(pid, 0) for pid in pids]
    return {
        "seconds": time.perf_counter() - begun,
        "cpu": sum(usage.ru_utime + usage.ru_stime for _, _, usage in ends),
        "peak": max(usage.ru_maxrss for _, _, usage in ends) * 1024,
        "status": max(os.waitstatus_to_exitcode(status) for _, status, _ in ends),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
