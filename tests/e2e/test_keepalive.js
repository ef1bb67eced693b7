// SPDX-License-Identifier: Apache-2.0
// Watched targets: OPTIONS to each of their addresses; up and down in /healthz and /metrics. And where a call leaves:
// transport=, region= and edge= of a URI.
'use strict';

const assert = require('assert');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Peer } = require('./lib/peer');
const { ENGINE_IP } = require('./lib/host');
const { until } = require('./lib/tap');

const STAY = '<Response><Pause length="60"/></Response>';
const REGIONS = ['us1', 'us2', 'ie1', 'de1', 'sg1', 'jp1', 'br1', 'au1'];
const EDGES = ['ashburn', 'san-jose', 'dublin', 'frankfurt', 'singapore', 'tokyo', 'sao-paulo', 'sydney'];

// Answers OPTIONS with 200 while it is `well`.
class Trunk {
	constructor(ip, port) {
		this.peer = new Peer(ip, port);
		this.seen = 0;
		this.asked = 0;
		this.well = true;
	}

	async start() {
		await this.peer.start();
		this.timer = setInterval(() => this.look(), 20);
		return this;
	}

	look() {
		while (this.seen < this.peer.got.length) {
			const text = this.peer.got[this.seen++].data.toString('latin1');
			const line = (name) => (new RegExp(`^${name}:\\s*(.*)$`, 'mi').exec(text) || [])[1];
			if (!text.startsWith('OPTIONS ')) continue;
			this.asked++;
			this.peer.send([`SIP/2.0 ${this.well ? '200 OK' : '503 Full'}`, `Via: ${line('Via')}`, `From: ${line('From')}`, `To: ${line('To')};tag=t`,
				`Call-ID: ${line('Call-ID')}`, `CSeq: ${line('CSeq')}`, 'Content-Length: 0', '', ''].join('\r\n'), ENGINE_IP, 5060);
		}
	}

	stop() {
		clearInterval(this.timer);
		this.peer.stop();
	}
}

const settings = { keepalive: { every: 5, wait_ms: 1000, targets: [{ uri: 'sip:10.77.0.14:5401' }, { uri: 'sip:10.77.0.14:5402' },
	{ uri: 'sip:nosuch.e2e.test' }] } };

run(settings, (s, w) => {
	const targets = async () => (await w.engine.get('/healthz', { auth: null })).json.targets;
	const state = async (i) => (await targets())[i].state;

	async function call(to, more = {}) {
		const c = w.app.corner();
		const made = await w.client.calls.create({ to, from: 'Jack', twiml: STAY, statusCallback: c.url('status'), ...more });
		return { sid: made.sid, end: async () => (await c.wait('status', 1, 15000))[0].params };
	}

	const notes = async (sid) => (await w.engine.get(`${w.engine.calls()}/${sid}/Notifications.json`)).json.notifications;

	s.race('a_watched_target_is_up_while_it_answers_and_down_when_it_does_not', async () => {
		const trunk = await new Trunk('10.77.0.14', 5401).start();
		await until(async () => await state(0) === 'up', 'the trunk to be up', 15000);
		assert.strictEqual((await w.engine.metrics())['dialplane_target_up{target="0"}'], 1);
		trunk.well = false;
		await until(async () => await state(0) === 'down', 'the trunk to be down', 15000);
		assert.strictEqual((await w.engine.metrics())['dialplane_target_up{target="0"}'], 0);
		assert.strictEqual((await targets())[0].addresses[0].status, 503);
		trunk.well = true;
		await until(async () => await state(0) === 'up', 'the trunk to be up again', 15000);
		assert.ok(trunk.asked >= 3);
		trunk.stop();
		assert.match(w.engine.log(1e6), /sip:10\.77\.0\.14:5401 is down: it answers 503/);
	}, { limit_ms: 60000 });

	s.race('a_target_nobody_listens_on_and_one_that_does_not_resolve_are_down', async () => {
		await until(async () => await state(1) === 'down' && await state(2) === 'down', 'both to be down', 15000);
		const t = await targets();
		assert.match(t[1].why, /ICMP/);
		assert.match(t[2].why, /NXDOMAIN|no such record|no address/);
		assert.strictEqual((await w.engine.get('/healthz', { auth: null })).status, 200);
	}, { limit_ms: 30000 });

	s.race('the_eight_regions_and_the_eight_edges_are_known_and_the_call_leaves_by_the_default', async () => {
		for (const p of ['', ...REGIONS.map((r) => `;region=${r}`), ...EDGES.map((e) => `;edge=${e}`)]) {
			const kate = await callee('refuse_at_once', { code: 486, reason: 'Busy' });
			const k = await call(`${kate.uri}${p}`);
			assert.strictEqual((await k.end()).CallStatus, 'busy');
			await kate.ok();
			assert.ok(!(await notes(k.sid)).some((n) => n.error_code === '32114'), p);
			assert.ok(w.wire.find({ method: 'INVITE', dst: kate.addr })[0].src.startsWith(`${ENGINE_IP}:5060`));
		}
	}, { limit_ms: 90000 });

	s.race('an_unknown_region_or_edge_is_told_as_32114_and_ignored', async () => {
		for (const p of ['region=mars', 'edge=atlantis']) {
			const kate = await callee('refuse_at_once', { code: 486, reason: 'Busy' });
			const k = await call(`${kate.uri};${p}`);
			assert.strictEqual((await k.end()).CallStatus, 'busy');
			await kate.ok();
			assert.ok((await notes(k.sid)).some((n) => n.error_code === '32114' && n.log === '1'));
		}
	});

	s.race('secure_true_is_refused_and_never_called_in_the_clear', async () => {
		const k = await call('sip:kate@10.77.0.11:5409;secure=true');
		assert.strictEqual((await k.end()).CallStatus, 'failed');
		assert.ok((await notes(k.sid)).some((n) => n.error_code === '32114' && /SRTP/.test(n.message_text)));
		assert.strictEqual(w.wire.find({ dst: '10.77.0.11:5409' }).length, 0);
	});
});
