# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""vLLM's own server as a child process, with the plugin on its CPU platform, and what a client asks of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_LIMIT = 600  # seconds

# What pip writes for the package: so vLLM finds the plugin although nothing is installed.
METADATA = "Metadata-Version: 2.1\nName: w4a16\nVersion: 0.1.0\n"
ENTRY_POINTS = "[vllm.general_plugins]\nw4a16 = w4a16.vllm_plugin:register\n"


def environment(directory, **changed):
    """The variables of a server that uses the sources' package and W4A16_LIBRARY."""
    info = Path(directory) / "w4a16-0.1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    variables = {
        "PYTHONPATH": f"{HERE.parent.parent / 'python'}{os.pathsep}{directory}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "W4A16_VLLM_CPU": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",  # threads that spin for each other crawl where other programs run
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    return {**os.environ, **variables, **changed}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server of one model, from entering to leaving the context."""

    def __init__(self, model, directory, *options, **changed):
        self.model, self.port = Path(model), free_port()
        self.log = Path(directory) / f"server-{self.port}.log"
        self.command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
        self.command += ["--served-model-name", "model", "--host", "127.0.0.1", "--port", str(self.port)]
        self.command += ["--max-model-len", "1024", "--max-num-seqs", "8", *options]
        self.environment = environment(Path(directory) / "site", **changed)

    def __enter__(self):
        start = time.monotonic()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        try:
            while not self._healthy():
                if self.process.poll() is not None or time.monotonic() - start > START_LIMIT:
                    raise AssertionError(f"the server has not started:\n{self.text()[-6000:]}")
                time.sleep(0.5)
        except BaseException:
            self._stop()
            raise
        self.seconds = time.monotonic() - start
        return self

    def __exit__(self, *_):
        self._stop()

    def _stop(self):
        """Ends the server and the processes that it has started."""
        for number, limit in ((signal.SIGTERM, 30), (signal.SIGKILL, 30)):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(limit)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def _healthy(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def text(self):
        return self.log.read_text(errors="replace")

    def post(self, path, **body):
        """The opened answer of /v1/PATH."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/{path}",
            json.dumps({"model": "model", "temperature": 0, **body}).encode(),
            {"Content-Type": "application/json"},
        )
        return urllib.request.urlopen(request, timeout=300)

    def complete(self, prompt, tokens=8):
        with self.post("completions", prompt=prompt, max_tokens=tokens) as answer:
            return json.load(answer)["choices"][0]["text"]

    def chat(self, content, tokens=8):
        with self.post("chat/completions", messages=[{"role": "user", "content": content}], max_tokens=tokens) as answer:
            return json.load(answer)["choices"][0]["message"]["content"]

    def stream(self, prompt, tokens=8):
        """The pieces of an answer as they come."""
        pieces = []
        with self.post("completions", prompt=prompt, max_tokens=tokens, stream=True) as answer:
            for line in answer:
                data = line.decode().strip().removeprefix("data: ")
                if data and data != "[DONE]":
                    pieces += [choice["text"] for choice in json.loads(data)["choices"]]
        return pieces
