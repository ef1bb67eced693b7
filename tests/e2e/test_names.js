// SPDX-License-Identifier: Apache-2.0
// RFC 3263 with a real name server (dnsmasq): services, weights, dead addresses, 503, TTL, and no name server at all.
'use strict';

const assert = require('assert');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Peer } = require('./lib/peer');
const { ENGINE_IP } = require('./lib/host');
const { Zone, PORT } = require('./lib/zone');
const { sleep, until } = require('./lib/tap');

const STAY = '<Response><Pause length="60"/></Response>';
const END = ['completed', 'failed', 'busy', 'no-answer', 'canceled'];

// Says 486 to every INVITE and counts them.
class Busy {
	constructor(ip, port) {
		this.peer = new Peer(ip, port);
		this.seen = 0;
		this.calls = new Set();
	}

	async start() {
		await this.peer.start();
		this.timer = setInterval(() => this.look(), 20);
		return this;
	}

	look() {
		while (this.seen < this.peer.got.length) {
			const text = this.peer.got[this.seen++].data.toString('latin1');
			if (text.startsWith('INVITE ')) this.refuse(text);
		}
	}

	refuse(text) {
		const line = (name) => (new RegExp(`^${name}:\\s*(.*)$`, 'mi').exec(text) || [])[1];
		this.calls.add(line('Call-ID'));
		this.peer.send(['SIP/2.0 486 Busy', `Via: ${line('Via')}`, `From: ${line('From')}`, `To: ${line('To')};tag=busy`,
			`Call-ID: ${line('Call-ID')}`, `CSeq: ${line('CSeq')}`, 'Content-Length: 0', '', ''].join('\r\n'), ENGINE_IP, 5060);
	}

	stop() {
		clearInterval(this.timer);
		this.peer.stop();
	}
}

const zone = new Zone(['--local-ttl=2',
	'--host-record=h11.test,10.77.0.11', '--host-record=h12.test,10.77.0.12', '--host-record=h13.test,10.77.0.13',
	'--host-record=h14.test,10.77.0.14', '--host-record=inside.test,192.168.7.7',
	// NAPTR that prefers TLS, which is not switched on, then UDP
	'--naptr-record=naptr.test,10,0,s,SIPS+D2T,,_sips._tcp.naptr.test', '--naptr-record=naptr.test,20,0,s,SIP+D2U,,_sip._udp.elsewhere.test',
	'--srv-host=_sip._udp.elsewhere.test,h11.test,5301,1,1',
	'--srv-host=_sip._udp.icmp.test,h14.test,5998,1,0', '--srv-host=_sip._udp.icmp.test,h11.test,5302,2,0',
	'--srv-host=_sip._udp.silent.test,h12.test,5303,1,0', '--srv-host=_sip._udp.silent.test,h11.test,5304,2,0',
	'--srv-host=_sip._udp.full.test,h12.test,5305,1,0', '--srv-host=_sip._udp.full.test,h11.test,5306,2,0',
	'--srv-host=_sip._udp.shared.test,h12.test,5307,1,30', '--srv-host=_sip._udp.shared.test,h13.test,5307,1,30',
	'--srv-host=_sip._udp.ttl.test,h12.test,5308,1,0',
	'--srv-host=_sip._udp.inside.test,inside.test,5060,1,0',
	'--srv-host=_sip._udp.dead.test,h14.test,5996,1,0', '--srv-host=_sip._udp.dead.test,h14.test,5997,2,0',
	'--srv-host=_sip._udp.loop.test,_sip._udp.loop.test,5060,1,0',
]);

(async () => {
	const host = require('./lib/host');
	if (!host.enter()) return;
	await zone.start();
	await run({ dns: { servers: [`127.0.0.1:${PORT}`] }, sip: { first_response_ms: 1000 } }, (s, w) => {
	async function call(to, more = {}) {
		const c = w.app.corner();
		const made = await w.client.calls.create({ to, from: 'Jack', twiml: STAY, statusCallback: c.url('status'),
			statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'], ...more });
		return { sid: made.sid, corner: c, words: () => c.seen('status').map((r) => r.params.CallStatus),
			end: async () => (await until(() => c.seen('status').find((r) => END.includes(r.params.CallStatus)), 'the end', 20000)).params };
	}

	async function answered(to, opt) {
		const kate = await callee('answer_bye', { delay_ms: 200, ...opt });
		const k = await call(to);
		const end = await k.end();
		assert.strictEqual(end.CallStatus, 'completed', zone.text.slice(-2000));
		await kate.ok();
		assert.deepStrictEqual(k.words(), ['initiated', 'ringing', 'in-progress', 'completed']);
		return { k, kate };
	}

	const notes = async (sid) => (await w.engine.get(`${w.engine.calls()}/${sid}/Notifications.json`)).json.notifications;

	s.race('naptr_and_srv_lead_to_the_callee', async () => {
		await answered('sip:kate@naptr.test', { port: 5301 });
		assert.ok(zone.asked('query[NAPTR] naptr.test') >= 1);
		// TLS is spoken, so the record of the best order is tried; it leads nowhere and the next one is taken.
		assert.ok(zone.asked('query[SRV] _sips._tcp.naptr.test') >= 1);
	});

	s.race('an_unreachable_first_target_gives_way_to_the_second_and_is_avoided_for_a_while', async () => {
		const { k } = await answered('sip:kate@icmp.test', { port: 5302 });
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: '10.77.0.14:5998' }).length, 1);
		assert.ok((await notes(k.sid)).some((n) => n.error_code === '32011' && n.log === '1'));
		await answered('sip:kate@icmp.test', { port: 5302 });
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: '10.77.0.14:5998' }).length, 1);
		assert.ok((await w.engine.metrics()).dialplane_targets_avoided >= 1);
	});

	s.race('a_silent_first_target_gives_way_after_its_own_time', async () => {
		const silent = await callee('silent', { ip: '10.77.0.12', port: 5303, delay_ms: 4000 });
		const from = Date.now();
		await answered('sip:kate@silent.test', { port: 5304 });
		assert.ok(Date.now() - from < 6000);
		assert.ok(w.wire.find({ method: 'INVITE', dst: silent.addr }).length >= 1);
		silent.stop();
	});

	s.race('a_503_leads_to_the_next_target', async () => {
		const full = await callee('refuse_at_once', { ip: '10.77.0.12', port: 5305, code: 503, reason: 'Full' });
		await answered('sip:kate@full.test', { port: 5306 });
		await full.ok();
	});

	s.race('when_all_targets_are_dead_the_call_fails_once', async () => {
		const k = await call('sip:kate@dead.test');
		const end = await k.end();
		assert.strictEqual(end.CallStatus, 'failed');
		assert.deepStrictEqual(k.words(), ['initiated', 'failed']);
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: '10.77.0.14:5996' }).length, 1);
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: '10.77.0.14:5997' }).length, 1);
	});

	s.race('srv_weights_share_calls_between_targets', async () => {
		const two = [await new Busy('10.77.0.12', 5307).start(), await new Busy('10.77.0.13', 5307).start()];
		const calls = [];
		for (let i = 0; i < 20; i++) calls.push(call('sip:kate@shared.test').then((k) => k.end()));
		for (const end of await Promise.all(calls)) assert.strictEqual(end.CallStatus, 'busy');
		assert.strictEqual(two[0].calls.size + two[1].calls.size, 20);
		assert.ok(two[0].calls.size >= 1 && two[1].calls.size >= 1, `${two[0].calls.size} and ${two[1].calls.size}`);
		two.forEach((b) => b.stop());
	});

	s.race('answers_are_kept_for_their_ttl', async () => {
		const busy = await new Busy('10.77.0.12', 5308).start();
		await (await call('sip:kate@ttl.test')).end();
		await (await call('sip:kate@ttl.test')).end();
		assert.strictEqual(zone.asked('query[SRV] _sip._udp.ttl.test'), 1);
		await sleep(2300);
		await (await call('sip:kate@ttl.test')).end();
		assert.strictEqual(zone.asked('query[SRV] _sip._udp.ttl.test'), 2);
		busy.stop();
	});

	s.race('an_address_that_srv_leads_to_is_checked_against_the_policy', async () => {
		const k = await call('sip:kate@inside.test');
		assert.strictEqual((await k.end()).CallStatus, 'failed');
		assert.ok((await notes(k.sid)).some((n) => n.error_code === '13254' && /192\.168\.7\.7/.test(n.message_text)));
	});

	s.race('an_srv_loop_and_a_name_that_does_not_exist_fail_with_a_reason', async () => {
		for (const host of ['loop.test', 'nosuch.test']) {
			const k = await call(`sip:kate@${host}`);
			assert.strictEqual((await k.end()).CallStatus, 'failed');
			assert.ok((await notes(k.sid)).some((n) => n.error_code === '13254'));
		}
		assert.ok(await w.engine.counter('dns_nothing') >= 1);
	});

	s.test('without_a_name_server_names_fail_soon_and_addresses_work', async () => {
		await zone.stop();
		const from = Date.now();
		const k = await call('sip:kate@another.test');
		assert.strictEqual((await k.end()).CallStatus, 'failed');
		assert.ok(Date.now() - from < 12000);
		assert.ok(await w.engine.counter('dns_refused') + await w.engine.counter('dns_silent') >= 1);
		const kate = await callee('answer_bye', { delay_ms: 200 });
		assert.strictEqual((await (await call(kate.uri)).end()).CallStatus, 'completed');
		await kate.ok();
	}, { limit_ms: 40000 });
	});
})();
