// SPDX-License-Identifier: Apache-2.0
// Callees that do what specifications forbid or merely allow. T1 is 100 ms, so that 64*T1 is 6.4 s.
'use strict';

const assert = require('assert');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Peer } = require('./lib/peer');
const { ENGINE_IP } = require('./lib/host');
const { sleep, until } = require('./lib/tap');

const response = (inner) => `<Response>${inner}</Response>`;
const STAY = response('<Pause length="60"/>');

run({ sip: { t1_ms: 100, t2_ms: 400, t4_ms: 500 } }, (s, w) => {
	// A call to one callee, whose end is told by the status callback.
	async function call(kate, twiml = STAY, more = {}) {
		const c = w.app.corner();
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml, statusCallback: c.url('status'), ...more });
		return { sid: made.sid, corner: c, end: async (ms = 20000) => (await c.wait('status', 1, ms))[0].params };
	}

	s.race('a_callee_that_says_nothing_fails_after_timer_b', async () => {
		const kate = await callee('silent', { delay_ms: 9000 });
		const k = await call(kate);
		const end = await k.end();
		assert.deepStrictEqual([end.CallStatus, end.SipResponseCode], ['failed', '408']);
		const tries = w.wire.find({ method: 'INVITE', dst: kate.addr });
		assert.ok(tries.length >= 6 && tries.length <= 8, `INVITE sent ${tries.length} times`);
		const gaps = tries.slice(1, 5).map((m, i) => m.t - tries[i].t);
		[100, 200, 400, 800].forEach((g, i) => assert.ok(Math.abs(gaps[i] - g) <= g * 0.1 + 25, `gap ${i}: ${gaps[i]} ms`));
		await kate.ok();
	}, { limit_ms: 40000 });

	s.race('a_port_nobody_listens_on_fails_at_once_by_icmp', async () => {
		const c = w.app.corner();
		const from = Date.now();
		await w.client.calls.create({ to: 'sip:nobody@10.77.0.14:5999', from: 'Jack', twiml: STAY, statusCallback: c.url('status') });
		const [row] = await c.wait('status');
		assert.strictEqual(row.params.CallStatus, 'failed');
		assert.ok(Date.now() - from < 2000);
	});

	s.race('an_address_nobody_has_fails_when_arp_gives_up', async () => {
		const c = w.app.corner();
		await w.client.calls.create({ to: 'sip:nobody@10.77.0.200', from: 'Jack', twiml: STAY, statusCallback: c.url('status') });
		const [row] = await c.wait('status', 1, 10000);
		assert.strictEqual(row.params.CallStatus, 'failed');
	});

	s.race('an_answer_after_cancel_is_acknowledged_and_ended_with_bye', async () => {
		const kate = await callee('answer_after_cancel');
		const k = await call(kate, STAY, { timeout: 1 });
		const end = await k.end();
		assert.ok(['no-answer', 'canceled'].includes(end.CallStatus), end.CallStatus);
		await kate.ok();
	});

	s.race('a_callee_that_ignores_cancel_is_given_up', async () => {
		const kate = await callee('cancel_ignored', { delay_ms: 9000 });
		const k = await call(kate, STAY, { timeout: 1 });
		assert.strictEqual((await k.end()).CallStatus, 'no-answer');
		await kate.ok();
	}, { limit_ms: 40000 });

	s.race('the_second_of_two_answers_is_acknowledged_and_ended_with_bye', async () => {
		const kate = await callee('answer_twice', { delay_ms: 800 });
		const k = await call(kate);
		await w.wire.wait({ method: 'BYE', dst: kate.addr });
		await sleep(900);
		await w.client.calls(k.sid).update({ status: 'completed' });
		assert.strictEqual((await k.end()).CallStatus, 'completed');
		await kate.ok();
		assert.ok(await w.engine.counter('sip_forked_2xx') >= 1);
	});

	s.race('bye_that_overtakes_the_ack_completes_the_call', async () => {
		const peer = await new Peer('10.77.0.14', 5070).start();
		const k = await call({ uri: `sip:hasty@${peer.ip}:${peer.port}` });
		const asked = await until(() => peer.got.map((g) => g.data.toString('latin1')).find((t) => t.startsWith('INVITE')), 'an INVITE');
		const line = (name) => new RegExp(`^${name}:.*$`, 'mi').exec(asked)[0].trim();
		const to = `${line('To')};tag=hasty`;
		const contact = /<([^>]+)>/.exec(line('Contact'))[1];
		const sdp = `v=0\r\no=- 1 1 IN IP4 ${peer.ip}\r\ns=-\r\nc=IN IP4 ${peer.ip}\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n`;
		peer.send(['SIP/2.0 200 OK', line('Via'), line('From'), to, line('Call-ID'), line('CSeq'), `Contact: <sip:${peer.ip}:${peer.port}>`,
			'Content-Type: application/sdp', `Content-Length: ${sdp.length}`, '', sdp].join('\r\n'), ENGINE_IP, 5060);
		peer.send([`BYE ${contact} SIP/2.0`, `Via: SIP/2.0/UDP ${peer.ip}:${peer.port};branch=z9hG4bKhasty`,
			to.replace('To:', 'From:'), line('From').replace('From:', 'To:'), line('Call-ID'), 'CSeq: 1 BYE', 'Max-Forwards: 70',
			'Content-Length: 0', '', ''].join('\r\n'), ENGINE_IP, 5060);
		assert.strictEqual((await k.end()).CallStatus, 'completed');
		const got = peer.got.map((g) => g.data.toString('latin1'));
		assert.ok(got.some((t) => t.startsWith('ACK ')) && got.some((t) => t.startsWith('SIP/2.0 200')), got.join('\n'));
		peer.stop();
	});

	s.race('bye_at_once_completes_the_call', async () => {
		const kate = await callee('bye_at_once', { delay_ms: 300 });
		const k = await call(kate);
		assert.strictEqual((await k.end()).CallStatus, 'completed');
		await kate.ok();
	});

	s.race('an_answer_without_a_common_codec_fails_with_ack_and_bye', async () => {
		const kate = await callee('no_codec');
		const k = await call(kate);
		assert.strictEqual((await k.end()).CallStatus, 'failed');
		await kate.ok();
	});

	s.race('an_answer_without_sdp_fails_with_ack_and_bye', async () => {
		const kate = await callee('no_sdp');
		const k = await call(kate);
		assert.strictEqual((await k.end()).CallStatus, 'failed');
		await kate.ok();
	});

	s.race('a_redirecting_callee_is_not_followed', async () => {
		const kate = await callee('redirect');
		const k = await call(kate);
		const end = await k.end();
		assert.deepStrictEqual([end.CallStatus, end.SipResponseCode], ['failed', '302']);
		await kate.ok();
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: '10.77.0.14:5060' }).length, 0);
	});

	s.race('options_info_unknown_method_hold_and_resume_inside_a_dialog', async () => {
		const kate = await callee('in_dialog', { delay_ms: 500 });
		const k = await call(kate);
		assert.strictEqual((await k.end()).CallStatus, 'completed');
		await kate.ok();
	});

	s.race('a_held_party_gets_no_audio_and_after_resume_gets_it_again', async () => {
		const kate = await callee('answer_held');
		const bob = await callee('in_dialog', { ip: '10.77.0.12', delay_ms: 900 });
		const k = await call(kate, response(`<Dial><Sip>${bob.uri}</Sip></Dial>`));
		const reinvite = (n) => w.wire.wait({ method: 'INVITE', src: bob.addr, cseq: `${n} INVITE` }, 12000);
		const count = () => w.wire.rtpTo(`${bob.ip}:${bob.media}`);
		await reinvite(4);
		await sleep(200);
		const held = count();
		await sleep(500);
		const still = count();
		assert.ok(held > 10, `RTP before the hold: ${held}`);
		assert.ok(still - held <= 1, `RTP during the hold: ${still - held}`);
		const passed = await w.wire.wait({ method: 'INVITE', dst: kate.addr, cseq: '2 INVITE' });
		assert.match(passed.text, /a=(sendonly|inactive)\r\n/);
		await reinvite(5);
		await sleep(600);
		assert.ok(count() - still > 10, `RTP after the hold: ${count() - still}`);
		assert.strictEqual((await k.end()).CallStatus, 'completed');
		await bob.ok();
		await kate.ok();
	});

	s.race('a_200_to_reinvite_that_is_never_acknowledged_ends_the_call_after_64_t1', async () => {
		const kate = await callee('reinvite_no_ack');
		const k = await call(kate);
		const end = await k.end();
		assert.strictEqual(end.CallStatus, 'completed');
		await kate.ok();
		const oks = w.wire.find({ status: 200, dst: kate.addr, cseq: '1 INVITE' });
		const bye = w.wire.find({ method: 'BYE', dst: kate.addr })[0];
		assert.ok(oks.length >= 5, `200 sent ${oks.length} times`);
		assert.ok(Math.abs(bye.t - oks[0].t - 6400) < 700, `BYE after ${bye.t - oks[0].t} ms`);
	}, { limit_ms: 40000 });

	s.test('no_state_machine_met_an_event_it_has_no_row_for', async () => {
		await w.engine.drained(20000);
		assert.strictEqual(await w.engine.counter('sip_illegal_event'), 0);
	});
});
