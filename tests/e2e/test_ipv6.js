// SPDX-License-Identifier: Apache-2.0
// Whole calls over IPv6, and between the two families.
'use strict';

const assert = require('assert');
const { run } = require('./lib/world');
const host = require('./lib/host');
const { callee } = require('./lib/sipp');

const settings = {
	sip: { tcp: 'own' },
	network: { ip6: `${host.ENGINE_IP6}/64` },
	targets: { allow: ['127.0.0.1/32', '10.77.0.0/24', 'fd00:77::/64'] },
};

run(settings, (s, w) => {
	host.six();

	// Both sides play a recording; the second party ends the call.
	async function bridged(firstIp, secondIp) {
		const [alice, bob] = await Promise.all([callee('answer_play', { ip: firstIp, delay_ms: 50 }),
			callee('play_bye', { ip: secondIp, delay_ms: 1500 })]);
		const c = w.app.corner();
		const made = await w.client.calls.create({ to: alice.uri, from: 'Jack', statusCallback: c.url('status'),
			twiml: `<Response><Dial><Sip>${bob.uri}</Sip></Dial><Hangup/></Response>` });
		const [end] = await c.wait('status', 1, 15000);
		assert.strictEqual(end.params.CallStatus, 'completed');
		await alice.ok();
		await bob.ok();
		for (const p of [alice, bob]) {
			const to = p.six ? `[${p.ip}]:${p.media}` : `${p.ip}:${p.media}`;
			assert.ok(w.wire.rtpTo(to) > 20, `${w.wire.rtpTo(to)} RTP packets to ${to}`);
		}
		return { alice, bob, sid: made.sid };
	}

	s.test('a_call_over_ipv6_is_bridged_and_heard_on_both_sides', async () => {
		const k = await bridged('fd00:77::11', 'fd00:77::12');
		const [invite] = w.wire.find({ method: 'INVITE', dst: k.alice.addr });
		const own = `[${host.ENGINE_IP6}]`;
		assert.strictEqual(invite.start, `INVITE ${k.alice.uri} SIP/2.0`);
		assert.ok(invite.src === `${own}:5060` && invite.header('Via').startsWith(`SIP/2.0/UDP ${own}:5060;branch=z9hG4bK`), invite.text);
		assert.ok(invite.header('From').includes(`@${own}>;tag=`) && invite.header('Contact').endsWith(`@${own}>`), invite.text);
		assert.ok(invite.body.includes(`c=IN IP6 ${host.ENGINE_IP6}\r\n`) && invite.body.includes(` IN IP6 ${host.ENGINE_IP6}\r\ns=`), invite.body);
	});

	s.test('a_leg_over_ipv4_and_one_over_ipv6_are_bridged', async () => {
		const k = await bridged('10.77.0.11', 'fd00:77::12');
		const [invite] = w.wire.find({ method: 'INVITE', dst: k.alice.addr });
		assert.ok(invite.body.includes(`c=IN IP4 ${host.ENGINE_IP}\r\n`), invite.body);
		await bridged('fd00:77::13', '10.77.0.14');
	});

	s.test('a_call_over_ipv6_by_tcp', async () => {
		const kate = await callee('answer_bye', { ip: 'fd00:77::11', tcp: 't1', delay_ms: 200 });
		const c = w.app.corner();
		const before = await w.engine.counter('conn_out');
		await w.client.calls.create({ to: `${kate.uri};transport=tcp`, from: 'Jack', statusCallback: c.url('status'),
			twiml: '<Response><Pause length="20"/></Response>' });
		const [row] = await c.wait('status', 1, 15000);
		assert.strictEqual(row.params.CallStatus, 'completed');
		await kate.ok();
		assert.strictEqual(await w.engine.counter('conn_out'), before + 1);
	});

	s.race('a_port_nobody_listens_on_fails_at_once_by_icmpv6', async () => {
		const c = w.app.corner();
		const from = Date.now();
		await w.client.calls.create({ to: 'sip:nobody@[fd00:77::14]:5999', from: 'Jack', twiml: '<Response/>', statusCallback: c.url('status') });
		const [row] = await c.wait('status');
		assert.strictEqual(row.params.CallStatus, 'failed');
		assert.ok(Date.now() - from < 2000);
	});

	s.race('an_address_nobody_has_fails_when_neighbour_discovery_gives_up', async () => {
		const c = w.app.corner();
		await w.client.calls.create({ to: 'sip:nobody@[fd00:77::200]', from: 'Jack', twiml: '<Response/>', statusCallback: c.url('status') });
		const [row] = await c.wait('status', 1, 10000);
		assert.strictEqual(row.params.CallStatus, 'failed');
	});

	s.race('a_target_that_the_policy_does_not_allow_is_refused', async () => {
		const c = w.app.corner();
		await w.client.calls.create({ to: 'sip:nobody@[fd00:99::1]', from: 'Jack', twiml: '<Response/>', statusCallback: c.url('status') });
		const [row] = await c.wait('status');
		assert.strictEqual(row.params.CallStatus, 'failed');
	});

	s.race('an_answer_with_an_ipv4_address_to_an_ipv6_offer_fails', async () => {
		const kate = await callee('answer', { ip: 'fd00:77::13', sdp4: '10.77.0.13' });
		const c = w.app.corner();
		await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml: '<Response/>', statusCallback: c.url('status') });
		const [row] = await c.wait('status');
		assert.strictEqual(row.params.CallStatus, 'failed');
		await kate.ok();
		assert.match(w.engine.log(), /SDP connection address is not an IPv6 address/);
	});
});
