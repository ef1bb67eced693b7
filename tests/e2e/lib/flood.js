// SPDX-License-Identifier: Apache-2.0
// Bad ends of connections, all at once: node flood.js FROM TO SECONDS. Half messages, one byte now and then, garbage on both
// ports, long headers, silence, resets.
'use strict';

const net = require('net');

const [from, to, seconds] = process.argv.slice(2);
const HEAD = 'OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 10.77.0.14;branch=z9hG4bKf\r\n';
let refused = 0;

const ACTS = [
	(c) => c.write(HEAD),
	(c) => c.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 garbage'),
	(c) => c.write(`${HEAD}Content-Length: 4294967295\r\n\r\n`),
	(c) => c.write(`${HEAD}${'X-Long: 0123456789012345678901234567890123456789\r\n'.repeat(1500)}`),
	(c) => { let i = 0; const t = setInterval(() => (c.destroyed ? clearInterval(t) : c.write(HEAD[i++ % HEAD.length])), 1000); },
	(c) => c.resetAndDestroy(),
	() => {},
];

for (let i = 0; i < 700; i++) {
	const c = net.connect({ host: to, port: i % 2 ? 5061 : 5060, localAddress: from }, () => ACTS[i % ACTS.length](c));
	c.on('error', () => { refused++; });
	c.on('data', () => {});
}
setTimeout(() => { process.stdout.write(`${refused} ended with an error\n`); process.exit(0); }, Number(seconds) * 1000);
