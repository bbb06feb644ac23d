"""A real OpenTelemetry collector (Rotel) on the loopback, and what it received, as JSON.

    python collector.py

The first line says where it listens: {"grpc", "http"}. When standard input ends, so does the collector,
and the second line says what came: {"spans": [{"name", "kind", "trace_id", "span_id", "parent_id",
"attributes"}], "metrics": {name: [{"attributes", "value"}]}, "resource", "log": all that it shows}. Of
metrics, only the last export counts, which is cumulative; of histograms, the number of values.

It needs the package that collector.txt names, and the libpython of its interpreter.
"""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

PATIENCE = 20


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def start(grpc: int, http: int) -> subprocess.Popen:
    package = importlib.util.find_spec("rotel")
    if package is None:
        sys.exit("rotel, which collector.txt names, is not installed: there is none for this machine or this Python")
    agent = Path(package.submodule_search_locations[0]) / "rotel-agent"
    options = {
        "--otlp-grpc-endpoint": f"127.0.0.1:{grpc}",
        "--otlp-http-endpoint": f"127.0.0.1:{http}",
        "--debug-log-verbosity": "detailed",
        "--exporter": "blackhole",
    }
    arguments = [text for option in options.items() for text in option]
    arguments += ["--debug-log", "traces", "--debug-log", "metrics"]
    environment = {"LD_LIBRARY_PATH": sysconfig.get_config_var("LIBDIR"), "PATH": os.environ["PATH"]}
    collector = subprocess.Popen(
        [agent, "start", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    for port in (grpc, http):
        wait_for(port, collector)
    return collector


def wait_for(port: int, collector: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if collector.poll() is not None:
            sys.exit(f"the collector ended: {collector.stdout.read()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    collector.kill()
    sys.exit(f"the collector does not listen on {port}")


SPAN = {"Trace ID": "trace_id", "Parent ID": "parent_id", "ID": "span_id", "Name": "name", "Kind": "kind"}
ATTRIBUTE = re.compile(r" +-> (\S+): \w+\((.*)\)$")


def read(log: str) -> dict:
    """The collector's log, which names one thing a line."""
    spans, metrics, resource = [], {}, {}
    attributes, metric, point = {}, None, None
    for line in log.splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if line.startswith("Resource attributes"):
            attributes = resource = {}
        elif line.startswith("ResourceMetrics #"):
            metrics = {}
        elif line.startswith("Span #"):
            spans.append({})
        elif key in SPAN:
            spans[-1][SPAN[key]] = value
        elif line.startswith("Attributes"):
            attributes = spans[-1].setdefault("attributes", {})
        elif key == "-> Name":
            metric = metrics.setdefault(value, [])
        elif "DataPoints #" in line:
            point = {}
            metric.append(point)
        elif line.startswith("Data point attributes"):
            attributes = point.setdefault("attributes", {})
        elif key in ("Value", "Count") and point is not None:
            point.setdefault("value", float(value))
        elif found := ATTRIBUTE.match(line):
            attributes[found[1]] = found[2]
    return {"spans": spans, "metrics": metrics, "resource": resource, "log": log}


def main() -> None:
    grpc, http = free_ports(2)
    collector = start(grpc, http)
    print(json.dumps({"grpc": f"http://127.0.0.1:{grpc}", "http": f"http://127.0.0.1:{http}"}), flush=True)
    # Read while it runs: a full pipe would hold it up.
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(collector.stdout))
    reader.start()
    sys.stdin.read()
    collector.terminate()
    reader.join()
    collector.wait()
    print(json.dumps(read("".join(lines))))


if __name__ == "__main__":
    main()
