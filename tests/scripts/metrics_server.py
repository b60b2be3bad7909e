"""examples/metrics_server.c beside whoever scrapes it; and the rules of docs/metrics.md where promtool is there.

Usage: metrics_server.py SERVER DOCUMENT
"""

import atexit
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

server, document = sys.argv[1:]
scratch = tempfile.TemporaryDirectory()
with open(scratch.name + "/text.txt", "w") as text:
    text.writelines(f"line {i} of a text\n" for i in range(1000))
process = subprocess.Popen([server, "0", scratch.name + "/text.txt"], stdout=subprocess.PIPE, text=True)
atexit.register(process.kill)
url = process.stdout.readline().strip()
assert re.fullmatch(r"http://127\.0\.0\.1:\d+/metrics", url), url


def scrape():
    with urllib.request.urlopen(url, timeout=100) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", answer.headers
        text = answer.read()
        assert len(text) == int(answer.headers["Content-Length"]) > 1000
    return text.decode()


def batches(text):
    return int(re.search(r'^headrace_loader_batches_total\{name="train"\} (\d+)$', text, re.M)[1])


first = scrape()
assert 'headrace_queue_capacity_batches{name="done"} 4\n' in first, first
hangs_up = socket.create_connection(("127.0.0.1", int(url.split(":")[2].split("/")[0])))
hangs_up.close()
counts = [batches(first)]
while counts[-1] == counts[0]:
    counts.append(batches(scrape()))
assert counts == sorted(counts), counts

promtool = shutil.which("promtool")
if promtool:
    subprocess.run([promtool, "check", "metrics"], input=scrape(), text=True, check=True)
    for number, block in enumerate(re.findall("```yaml\n(.*?)```", open(document).read(), re.S)):
        path = f"{scratch.name}/{number}.yml"
        with open(path, "w") as file:
            file.write(block)
        subprocess.run([promtool, "check", "rules" if block.startswith("groups") else "config", path], check=True)
else:
    print("without promtool (package prometheus), which would read the metrics and rules too")

process.send_signal(signal.SIGTERM)
assert process.wait(100) == 0, process.returncode
