"""Stands for `vllm serve MODEL --port P …`: an OpenAI-compatible server that keeps to schemas and knows nothing.

Wants the key of VLLM_API_KEY; opens its port a second late, as one that loads a model.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jsonschema


class Handler(BaseHTTPRequestHandler):
    """One model; each answer the first of a few that the schema allows."""

    model = ""

    def do_GET(self) -> None:
        """/v1/models."""
        self.say({"data": [{"id": self.model, "max_model_len": 32768}]})

    def do_POST(self) -> None:
        """/v1/chat/completions."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        schema = body["response_format"]["json_schema"]["schema"]
        nothing = dict.fromkeys(schema.get("properties", {}))
        for answer in ({"answer": "forty-two"}, None, [], nothing, {name: [] for name in nothing}):
            if jsonschema.Draft202012Validator(schema).is_valid(answer):
                self.say({"choices": [{"message": {"content": json.dumps(answer)}, "finish_reason": "stop"}]})
                return
        self.say({"error": {"message": "no answer fits"}}, 400)

    def say(self, answer: Any, status: int = 200) -> None:
        """Unless the key is wrong."""
        if self.headers["Authorization"] != f"Bearer {os.environ['VLLM_API_KEY']}":
            answer, status = {"error": {"message": "wrong key"}}, 401
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("serve")
    parser.add_argument("model")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--tensor-parallel-size", type=int)
    given = parser.parse_args()
    print(
        f"{given.tensor_parallel_size} GPUs, CUDA_VISIBLE_DEVICES={os.environ.get('CUDA_VISIBLE_DEVICES')}", flush=True
    )
    time.sleep(1)
    Handler.model = given.model
    ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
