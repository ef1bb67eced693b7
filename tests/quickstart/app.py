# SPDX-License-Identifier: Apache-2.0
"""A small TwiML application over HTTP. It checks each X-Twilio-Signature by itself, as the published rule says:
HMAC-SHA1 over the URL followed by the sorted parameters, keyed with the auth token, base64."""
import base64
import hashlib
import hmac
import http.server
import threading
import urllib.parse

from wire import enter


def signature(token, url, params):
    text = url + "".join(name + value for name in sorted(params) for value in sorted(set(params[name])))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class App(threading.Thread):
    """documents: path → TwiML. told(path, params, ok) for each request; nothing unsigned is served."""

    def __init__(self, netns, port, token, documents, told):
        super().__init__(daemon=True)
        self.netns, self.port, self.token = netns, port, token
        self.documents, self.told = documents, told
        self.requests = []
        self.ready = threading.Event()

    def run(self):
        enter(self.netns)
        app = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                app.serve(self)

            def log_message(self, *args):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
            server.daemon_threads = True
            self.ready.set()
            server.serve_forever()

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        params = urllib.parse.parse_qs(body, keep_blank_values=True)
        url = f"http://{handler.headers['Host']}{handler.path}"
        given = handler.headers.get("X-Twilio-Signature", "")
        ok = hmac.compare_digest(given, signature(self.token, url, params))
        path = urllib.parse.urlsplit(handler.path).path
        flat = {name: values[0] for name, values in params.items()}
        self.requests.append((path, flat, ok))
        self.told(path, flat, ok)
        document = self.documents.get(path, "").encode() if ok else b""
        handler.send_response(403 if not ok else 200 if document else 204)
        if document:
            handler.send_header("Content-Type", "text/xml")
        if ok and document or not ok:
            handler.send_header("Content-Length", str(len(document)))
        handler.end_headers()
        handler.wfile.write(document)
