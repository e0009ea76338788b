"""The responses of DEEPaaS 2.6 for `herds.py`, from the standard library alone."""

import email.policy
import http.server
import json
from email.parser import BytesParser
from urllib.parse import parse_qsl, urlsplit

MODEL = "/v2/models/herds/"
PREDICT = f"{MODEL}predict/"
FAILURE = {"schema": {"$ref": "#/definitions/Failure"}, "description": ""}
FIELDS = [
    {"in": "query", "name": "herd", "required": False, "type": "string", "default": "small",
     "enum": ["small", "large"], "description": "Which herd"},
    {"in": "query", "name": "limit", "required": False, "type": "integer", "format": "int32",
     "default": 3, "description": "At most"},
    {"in": "formData", "name": "data", "required": True, "type": "file",
     "description": "A picture"},
]  # fmt: skip
META = {"id": "herds", "name": "herds", "summary": "Counts cows", "version": "1"}


def described(summary, parameters=()):
    words = {"tags": ["models"], "summary": summary, "produces": ["application/json"]}
    return {"responses": {"400": FAILURE}, "parameters": list(parameters), **words}


SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "DEEP as a Service API endpoint", "version": "2.6.0"},
    "paths": {
        "/v2/models/": {"get": described("Return loaded models and its information")},
        MODEL: {"get": described("Return model's metadata")},
        PREDICT: {"post": described("Make a prediction given the input data", FIELDS)},
    },
    "definitions": {"Failure": {"type": "object"}},
}
SAID = {"/swagger.json": SWAGGER, "/v2/models/": {"models": [META]}, MODEL: META}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = SAID.get(self.path)
        self.say(200 if found else 404, found or {"message": "not found"})

    def do_POST(self):
        place = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = {"herd": "small", "limit": "3", **dict(parse_qsl(place.query))}
        head = f"Content-Type: {self.headers.get('Content-Type', '')}\n\n".encode()
        parts = BytesParser(policy=email.policy.HTTP).parsebytes(head + body).iter_parts()
        files = {part.get_param("name", header="content-disposition"): part for part in parts}
        if place.path != PREDICT or not asked["limit"].isdecimal() or "data" not in files:
            return self.say(422, {"limit": ["Not a valid integer."]})
        count = len(files["data"].get_payload(decode=True))
        told = {"herd": asked["herd"], "limit": int(asked["limit"]), "bytes": count}
        self.say(200, {"status": "OK", "predictions": told})

    def say(self, status, told):
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


http.server.ThreadingHTTPServer(("0.0.0.0", 5000), Handler).serve_forever()
