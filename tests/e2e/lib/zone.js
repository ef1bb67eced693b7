// SPDX-License-Identifier: Apache-2.0
// A name server for SIP: dnsmasq on loopback with NAPTR, SRV and A records that a test writes.
'use strict';

const { spawn } = require('child_process');
const dgram = require('dgram');
const host = require('./host');
const { until } = require('./tap');

const PORT = 5355;

class Zone {
	// records: arguments of dnsmasq, such as '--srv-host=_sip._udp.x.test,a.x.test,5060,10,5'
	constructor(records) {
		this.records = records;
	}

	async start() {
		const argv = ['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--no-daemon', '--log-queries',
			`--port=${PORT}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--local=/test/', '--pid-file=', '--user=root', ...this.records];
		this.text = '';
		this.child = spawn('dnsmasq', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
		for (const s of [this.child.stdout, this.child.stderr]) s.on('data', (d) => { this.text += d; });
		this.exit = host.ended(this.child);
		await until(() => answers(), () => `dnsmasq; it says:\n${this.text}`, 5000, 50);
		return this;
	}

	// How often this was asked, such as 'query[SRV] _sip._udp.x.test'.
	asked(what) {
		return this.text.split('\n').filter((l) => l.includes(`${what} from`)).length;
	}

	async stop() {
		this.child.kill('SIGTERM');
		await this.exit;
	}
}

function answers() {
	return new Promise((resolve) => {
		const s = dgram.createSocket('udp4');
		const q = Buffer.concat([Buffer.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from('\x05ready\x04test\x00'), Buffer.from([0, 1, 0, 1])]);
		const done = (v) => { s.close(); resolve(v); };
		const timer = setTimeout(() => done(false), 200);
		s.on('message', () => { clearTimeout(timer); done(true); });
		s.on('error', () => { clearTimeout(timer); done(false); });
		s.send(q, PORT, '127.0.0.1');
	});
}

module.exports = { Zone, PORT };
