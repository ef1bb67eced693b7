// SPDX-License-Identifier: Apache-2.0
// A plain UDP socket in the peers' host, for saying to the engine what no SIP stack would say.
// Run by itself (node peer.js IP PORT) it is that socket: lines "IP PORT BASE64" on stdin are sent, what
// arrives is printed the same way.
'use strict';

const dgram = require('dgram');
const readline = require('readline');

class Peer {
	constructor(ip, port) {
		this.ip = ip;
		this.port = port;
		this.got = []; // {ip, port, data}
	}

	start() {
		const host = require('./host');
		this.child = host.inPeers([process.execPath, __filename, this.ip, String(this.port)], { stdio: ['pipe', 'pipe', 'inherit'] });
		return new Promise((resolve) => {
			readline.createInterface({ input: this.child.stdout }).on('line', (l) => {
				if (l === 'ready') return resolve(this);
				const [ip, port, data] = l.split(' ');
				return this.got.push({ ip, port: Number(port), data: Buffer.from(data, 'base64') });
			});
		});
	}

	send(data, ip, port) {
		this.child.stdin.write(`${ip} ${port} ${Buffer.from(data).toString('base64')}\n`);
	}

	// Final responses to the request with that Call-ID.
	answers(callId) {
		return this.got.map((g) => g.data.toString('latin1'))
			.filter((t) => t.startsWith('SIP/2.0 ') && t.includes(callId)).map((t) => ({ code: Number(t.split(' ')[1]), text: t }));
	}

	stop() {
		this.child.stdin.end();
	}
}

function serve(ip, port) {
	const s = dgram.createSocket('udp4');
	s.on('message', (d, from) => process.stdout.write(`${from.address} ${from.port} ${d.toString('base64')}\n`));
	s.bind(port, ip, () => process.stdout.write('ready\n'));
	const lines = readline.createInterface({ input: process.stdin });
	lines.on('line', (l) => {
		const [to, p, data] = l.split(' ');
		s.send(Buffer.from(data || '', 'base64'), Number(p), to, () => {});
	});
	lines.on('close', () => process.exit(0));
}

if (require.main === module) serve(process.argv[2], Number(process.argv[3]));
module.exports = { Peer };
