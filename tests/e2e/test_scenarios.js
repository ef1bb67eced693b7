// SPDX-License-Identifier: Apache-2.0
// Scenarios that others wrote for SIPp (tests/e2e/scenarios says which), against the engine: SIPp must be content.
'use strict';

const fs = require('fs');
const path = require('path');
const { twiml } = require('twilio');
const { run } = require('./lib/world');
const { callee, caller } = require('./lib/sipp');
const host = require('./lib/host');

const VECTORS = path.join(process.env.DIALPLANE_VECTORS || path.join(host.ROOT, '..', 'shared', 'vectors'), 'sipp-scenarios');
const rows = fs.readFileSync(path.join(__dirname, 'scenarios'), 'utf8').split('\n')
	.filter((l) => l && l[0] !== '#').map((l) => l.split(' ')).filter((r) => r[1] !== 'not:');

if (!fs.existsSync(VECTORS)) {
	process.stdout.write('1..0 # SKIP no scenarios: set DIALPLANE_VECTORS\n');
	process.exit(77);
}

const settings = {
	inbound: { sources: ['10.77.0.0/24'], voice_url: 'http://127.0.0.1:8090/in/voice' },
};

run(settings, (s, w) => {
	const pause = (seconds) => {
		const r = new twiml.VoiceResponse();
		r.pause({ length: seconds });
		return r.toString();
	};

	// What the called user is answered: its name is the scenario's HOW. Whom it dials rings for ever.
	let bell;
	w.app.docs.set('in/voice', (req) => {
		const how = /^sip:([^@]+)@/.exec(req.row.params.To)[1];
		const r = new twiml.VoiceResponse();
		r.dial({ answerOnBridge: how === 'ringing', timeout: 60 }).sip(bell.uri);
		return r.toString();
	});

	async function called(file, how) {
		const bob = await callee(file, { delay_ms: 300, recv_ms: 20000 });
		const call = {
			to: bob.uri, from: 'Jack', timeout: how === 'cancel' ? 2 : 20, twiml: pause(3),
		};
		if (/auth/.test(file)) Object.assign(call, { sipAuthUsername: 'foo', sipAuthPassword: 'bar' });
		await w.client.calls.create(call);
		await bob.ok(30000);
	}

	async function calls(file, how) {
		const ann = await caller(file, { service: how, delay_ms: 300, recv_ms: 20000 });
		await ann.ok(30000);
	}

	s.test('somebody_rings', async () => { bell = await callee('ring', { calls: 1000, ip: '10.77.0.12' }); });
	const CALLERS = ['taken', 'ringing'];
	for (const [file, how] of rows) {
		const name = `${file.replace(/[^\w]+/g, '_')}_is_content`;
		s.race(name, () => (CALLERS.includes(how) ? calls : called)(path.join(VECTORS, file), how), { limit_ms: 45000 });
	}
});
