// SPDX-License-Identifier: Apache-2.0
// In front of a SIPp that speaks TCP only: node tls_front.js IP PORT CERT KEY TARGET_PORT. Node's TLS is OpenSSL, driven by
// people who know nothing of this project.
'use strict';

const fs = require('fs');
const net = require('net');
const tls = require('tls');

const [ip, port, cert, key, target] = process.argv.slice(2);
const server = tls.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (outer) => {
	const inner = net.connect(Number(target), ip);
	outer.pipe(inner).pipe(outer);
	outer.on('error', () => inner.destroy());
	inner.on('error', () => outer.destroy());
});
server.on('tlsClientError', (e) => process.stdout.write(`refused: ${e.code}\n`));
server.listen(Number(port), ip, () => process.stdout.write('listening\n'));
