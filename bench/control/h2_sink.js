// SPDX-License-Identifier: Apache-2.0
// A receiver that speaks HTTP/2 over TLS: node h2_sink.js PORT KEY CERT prints "ready" and answers everything with 204.
'use strict';

const fs = require('fs');
const http2 = require('http2');

const [port, key, cert] = process.argv.slice(2);
const server = http2.createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert), settings: { maxConcurrentStreams: 1000 } });
server.on('stream', (stream) => {
	stream.on('error', () => {});
	stream.resume();
	stream.on('end', () => { stream.respond({ ':status': 204 }); stream.end(); });
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
