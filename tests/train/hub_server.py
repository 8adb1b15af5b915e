"""A model hub on this machine: as much of its HTTP interface as the real client needs to make and fill a repository."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hub(ThreadingHTTPServer):
    """Keeps every repository's privacy and files, and the tokens that it was shown.

    May have ``trouble``: "refuses" to take anything, or "hangs up" in the middle of a request.
    """

    def __init__(self, trouble: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.trouble = trouble
        self.private: dict[str, bool] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.tokens: set[str | None] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer({})

    def do_GET(self) -> None:
        *_, owner, name = self.path.split("?")[0].removesuffix("/revision/main").split("/")
        self._answer({"id": f"{owner}/{name}", "sha": "0" * 40, "siblings": []})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.tokens.add(self.headers.get("Authorization"))
        parts = self.path.split("?")[0].strip("/").split("/")
        if self.server.trouble == "hangs up":
            self.close_connection = True
        elif self.server.trouble == "refuses":
            self._answer({"error": "You don't have the rights to create a model under this namespace"}, 403)
        elif parts == ["api", "repos", "create"]:
            self._create(json.loads(body))
        elif parts[-2:] == ["preupload", "main"]:
            named = [file["path"] for file in json.loads(body)["files"]]
            self._answer({"files": [{"path": path, "uploadMode": "regular", "shouldIgnore": False} for path in named]})
        elif parts[-2:] == ["commit", "main"]:
            self._commit("/".join(parts[2:4]), [json.loads(line) for line in body.splitlines()])
        else:
            self._answer({"error": self.path}, 404)

    def _create(self, wanted: dict[str, object]) -> None:
        name = f"{wanted.get('organization') or 'me'}/{wanted['name']}"
        self.server.private[name] = wanted.get("private") is True or wanted.get("visibility") == "private"
        self.server.files[name] = {}
        self._answer({"url": f"{self.server.address}/{name}", "id": name, "name": name})

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            if line["key"] == "file":
                self.server.files[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        url = f"{self.server.address}/{name}/commit/{'1' * 40}"
        self._answer({"success": True, "commitUrl": url, "commitOid": "1" * 40, "pullRequestUrl": None})

    def _answer(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def hub(trouble: str | None = None) -> Iterator[Hub]:
    """Run a hub for the time of the block."""
    server = Hub(trouble)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
