// SPDX-License-Identifier: Apache-2.0
// Whole calls by TCP and TLS, made through the REST API; what goes wrong with connections and certificates.
'use strict';

const assert = require('assert');
const path = require('path');
const certs = require('./lib/certs');
const host = require('./lib/host');
const { run } = require('./lib/world');
const { callee, caller } = require('./lib/sipp');
const { ENGINE_IP } = require('./lib/host');
const { sleep, until } = require('./lib/tap');

const response = (inner) => `<Response>${inner}</Response>`;
const STAY = response('<Pause length="60"/>');
const NAME = 'a-10-77-0-13.e2e.test';

// Two workers: what comes on a connection of one may belong to a call of the other.
const settings = { workers: 2, network: { ip6: `${host.ENGINE_IP6}/64` },
	targets: { allow: ['127.0.0.1/32', '10.77.0.0/24', 'fd00:77::/64'] }, inbound: { sources: ['10.77.0.11/32'], voice_url: 'http://127.0.0.1:8090/in/voice' }, sip: { tcp: process.env.DIALPLANE_TCP || 'kernel', header_ms: 2000 }, limits: { connections: 512 } };
if (process.env.DIALPLANE_HOSTS) {
	host.six();
	certs.selfSigned('ca', 'test ca');
	certs.signed('engine', `IP:${ENGINE_IP}`);
	certs.signed('callee', `DNS:${NAME},IP:10.77.0.12`);
	certs.signed('other', 'DNS:other.test');
	certs.signed('expired', `DNS:${NAME}`, -1);
	certs.selfSigned('selfsigned', NAME, ['-addext', `subjectAltName=DNS:${NAME}`]);
	settings.tls = { cert: certs.file('engine'), key: certs.file('engine', 'key'), ca: certs.file('ca'),
		peers: [{ name: 'a-10-77-0-14.e2e.test', verify: false }] };
}

// A callee behind TLS: its address for the front is one port further.
async function front(cert, ip, target) {
	const port = target + 1000;
	const child = host.inPeers([process.execPath, path.join(__dirname, 'lib', 'tls_front.js'), ip, String(port), certs.file(cert),
		certs.file(cert, 'key'), String(target)], { stdio: ['ignore', 'pipe', 'inherit'] });
	await new Promise((resolve, reject) => { child.stdout.once('data', resolve); child.once('exit', reject); });
	return port;
}

// The fronts end with the hosts they run in.
run(settings, (s, w) => {
	async function call(to, twiml = STAY, more = {}) {
		const c = w.app.corner();
		const made = await w.client.calls.create({ to, from: 'Jack', twiml, statusCallback: c.url('status'), ...more });
		return { sid: made.sid, corner: c, end: async (ms = 20000) => (await c.wait('status', 1, ms))[0].params };
	}
	const ended = async (k, ms) => { const e = await k.end(ms); return e.CallStatus; };

	s.test('a_call_by_tcp_that_the_callee_ends', async () => {
		const kate = await callee('answer_bye', { tcp: 't1', delay_ms: 300 });
		const before = await w.engine.counter('conn_out');
		assert.strictEqual(await ended(await call(`${kate.uri};transport=tcp`)), 'completed');
		await kate.ok();
		assert.strictEqual(await w.engine.counter('conn_out'), before + 1);
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: kate.addr }).length, 0, 'nothing by UDP');
	});

	s.test('a_call_by_tcp_that_we_end', async () => {
		const kate = await callee('answer', { tcp: 't1' });
		const k = await call(`${kate.uri};transport=tcp`, response('<Pause length="1"/><Hangup/>'));
		assert.strictEqual(await ended(k), 'completed');
		await kate.ok();
	});

	s.test('five_calls_by_tcp_at_once', async () => {
		const kate = await callee('answer_bye', { tcp: 'tn', calls: 5, delay_ms: 800 });
		const all = await Promise.all([1, 2, 3, 4, 5].map(() => call(`${kate.uri};transport=tcp`)));
		for (const k of all) assert.strictEqual(await ended(k), 'completed');
		await kate.ok();
	});

	s.test('a_port_nobody_listens_on_fails_at_once', async () => {
		const from = Date.now();
		const k = await call('sip:nobody@10.77.0.14:5998;transport=tcp');
		assert.strictEqual(await ended(k), 'failed');
		assert.ok(Date.now() - from < 3000);
		assert.ok(await w.engine.counter('conn_failed') >= 1);
	});

	s.test('a_request_too_long_for_udp_tries_tcp_and_falls_back', async () => {
		const kate = await callee('answer_bye', {});
		const more = Array.from({ length: 4 }, (_, i) => `X-Long-${i}=${'y'.repeat(200)}`).join('&');
		const before = await w.engine.counter('sip_fell_to_udp');
		assert.strictEqual(await ended(await call(`${kate.uri}?${more}`)), 'completed');
		await kate.ok();
		assert.strictEqual(await w.engine.counter('sip_fell_to_udp'), before + 1);
	});

	s.test('a_call_by_tls', async () => {
		const kate = await callee('answer_bye', { tcp: 't1', ip: '10.77.0.13', delay_ms: 300 });
		const port = await front('callee', '10.77.0.13', kate.port);
		const before = await w.engine.counter('tls_handshakes');
		assert.strictEqual(await ended(await call(`sip:kate@${NAME}:${port};transport=tls`)), 'completed');
		await kate.ok();
		assert.strictEqual(await w.engine.counter('tls_handshakes'), before + 1);
		assert.strictEqual(await w.engine.counter('tls_unverified'), 0);
	});

	s.test('transport_tls_without_a_port_goes_to_5061', async () => {
		const kate = await callee('answer_bye', { tcp: 't1', ip: '10.77.0.13', port: 4061, delay_ms: 300 });
		assert.strictEqual(await front('callee', '10.77.0.13', kate.port), 5061);
		assert.strictEqual(await ended(await call(`sip:kate@${NAME};transport=tls`)), 'completed');
		await kate.ok();
	});

	s.test('a_sips_uri_is_a_call_by_tls', async () => {
		const kate = await callee('answer_bye', { tcp: 't1', ip: '10.77.0.12', delay_ms: 300 });
		const port = await front('callee', '10.77.0.12', kate.port);
		assert.strictEqual(await ended(await call(`sips:kate@10.77.0.12:${port}`)), 'completed');
		await kate.ok();
	});

	s.test('a_call_by_tcp_bridged_to_one_by_tls', async () => {
		const kate = await callee('answer', { tcp: 't1', echo: true });
		const joe = await callee('answer_bye', { tcp: 't1', ip: '10.77.0.13', delay_ms: 1000 });
		const port = await front('callee', '10.77.0.13', joe.port);
		const k = await call(`${kate.uri};transport=tcp`,
			response(`<Dial><Sip>sip:joe@${NAME}:${port};transport=tls</Sip></Dial><Hangup/>`));
		assert.strictEqual(await ended(k), 'completed');
		await joe.ok();
		await kate.ok();
	});

	s.test('a_call_by_tcp_over_ipv6', async () => {
		const kate = await callee('answer_bye', { tcp: 't1', ip: 'fd00:77::12', delay_ms: 300 });
		assert.strictEqual(await ended(await call(`${kate.uri};transport=tcp`)), 'completed');
		await kate.ok();
	});

	// Several, so that both workers take some; each connection belongs to whichever worker's turn it was.
	for (const [scenario, answer] of [['call', 'ring'], ['call_bye', 'answer_bye']]) {
		s.test(`calls_from_outside_by_tcp_${scenario}`, async () => {
			const bobs = [];
			for (let i = 0; i < 4; i++) bobs.push(await callee(answer, { ip: '10.77.0.13', tcp: 't1', delay_ms: 300 }));
			w.app.docs.set('in/voice', (req) => {
				const bob = bobs[Number(/^sip:n(\d)@/.exec(req.row.params.To)[1])];
				return response(`<Dial><Sip>${bob.uri};transport=tcp</Sip></Dial><Hangup/>`);
			});
			const anns = [];
			for (let i = 0; i < 4; i++) anns.push(await caller(scenario, { service: `n${i}`, tcp: 't1', delay_ms: 500 }));
			for (const x of [...anns, ...bobs]) await x.ok();
		});
	}

	for (const cert of ['other', 'expired', 'selfsigned']) {
		s.test(`a_certificate_that_is_${cert}_is_refused`, async () => {
			const kate = await callee('answer_bye', { tcp: 't1', ip: '10.77.0.13' });
			const port = await front(cert, '10.77.0.13', kate.port);
			const before = await w.engine.counter('tls_failed');
			assert.strictEqual(await ended(await call(`sip:kate@${NAME}:${port};transport=tls`)), 'failed');
			assert.ok(await w.engine.counter('tls_failed') > before);
			kate.stop();
		});
	}

	s.test('a_peer_that_is_not_to_be_verified_is_not', async () => {
		const kate = await callee('answer_bye', { tcp: 't1', ip: '10.77.0.14' });
		const port = await front('selfsigned', '10.77.0.14', kate.port);
		assert.strictEqual(await ended(await call(`sip:kate@a-10-77-0-14.e2e.test:${port};transport=tls`)), 'completed');
		assert.strictEqual(await w.engine.counter('tls_unverified'), 1);
		assert.match(w.engine.log(100000), /are not verified/);
		await kate.ok();
	});

	s.test('a_flood_of_bad_connections_leaves_calls_alone', async () => {
		const kate = await callee('answer_bye', { tcp: 't1', delay_ms: 6000 });
		const k = await call(`${kate.uri};transport=tcp`);
		await until(async () => (await w.client.calls(k.sid).fetch()).status === 'in-progress', 'the answer');
		const flood = host.inPeers([process.execPath, path.join(__dirname, 'lib', 'flood.js'), '10.77.0.14', ENGINE_IP, '5'],
			{ stdio: ['ignore', 'ignore', 'inherit'] });
		await sleep(1500);
		const jane = await callee('answer_bye', { tcp: 't1', delay_ms: 300 });
		assert.strictEqual(await ended(await call(`${jane.uri};transport=tcp`)), 'completed');
		await jane.ok();
		assert.strictEqual(await ended(k), 'completed');
		await kate.ok();
		await host.ended(flood);
		for (const name of ['conn_bad', 'conn_slow', 'tls_failed', 'xw_forwarded']) assert.ok(await w.engine.counter(name) > 0, name);
	}, { limit_ms: 60000 });
});
