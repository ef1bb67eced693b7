// SPDX-License-Identifier: Apache-2.0
// Calls from outside: SIPp calls the engine, the application says what happens, and who is dialled is SIPp again.
'use strict';

const assert = require('assert');
const { twiml } = require('twilio');
const { run } = require('./lib/world');
const { callee, caller } = require('./lib/sipp');
const { SID } = require('./lib/engine');
const { sleep } = require('./lib/tap');
const host = require('./lib/host');

const STRANGER = '10.77.0.14';
const settings = {
	inbound: {
		sources: ['10.77.0.11/32', '10.77.0.12/31'],
		voice_url: 'http://127.0.0.1:8090/in/voice',
		status_callback: 'http://127.0.0.1:8090/in/ended',
	},
};

run(settings, (s, w) => {
	// One document for each called user: the Request-URI's user part names the test.
	const docs = new Map();
	w.app.docs.set('in/voice', (req) => docs.get(user(req.row.params.To)) || '<Response/>');
	const user = (uri) => /^sip:([^@]+)@/.exec(uri)[1];
	const seen = (what, who) => w.app.log.filter((r) => r.id === 'in' && r.what === what && user(r.params.To) === who);
	let next = 1;

	// Somebody calls a fresh user whose document is filled by fill(response, corner).
	async function call(scenario, fill, opt = {}) {
		const who = `user${next++}`;
		const c = w.app.corner();
		const doc = new twiml.VoiceResponse();
		c.on('after', '<Response/>');
		fill(doc, c);
		docs.set(who, doc.toString());
		const ann = await caller(scenario, { service: who, ...opt });
		return { ann, who, c };
	}

	async function asked(who) {
		for (let i = 0; i < 300 && !seen('voice', who).length; i++) await sleep(20);
		return seen('voice', who)[0];
	}

	async function ended(who) {
		for (let i = 0; i < 500 && !seen('ended', who).length; i++) await sleep(20);
		const [row] = seen('ended', who);
		assert.ok(row, `no completed callback for ${who}`);
		return row.params;
	}

	s.race('a_call_from_outside_is_answered_by_its_document_and_ended_by_the_caller', async () => {
		const bob = await callee('ring', { ip: '10.77.0.13' });
		const k = await call('call', (d) => d.dial().sip(bob.uri), { delay_ms: 300 });
		const row = await asked(k.who);
		assert.deepStrictEqual([row.method, row.valid, row.params.Direction, row.params.CallStatus, row.params.AccountSid],
			['POST', true, 'inbound', 'ringing', SID]);
		assert.deepStrictEqual([row.params.From, row.params.Caller], [`sip:ann@${k.ann.addr}`, `sip:ann@${k.ann.addr}`]);
		assert.deepStrictEqual([row.params.To, row.params.Called],
			[`sip:${k.who}@${host.ENGINE_IP}:5060`, `sip:${k.who}@${host.ENGINE_IP}:5060`]);
		assert.deepStrictEqual([row.params.SipDomain, row.params.SipSourceIp, row.params['SipHeader_X-Ticket'],
			row.params['SipHeader_User-to-User']], [host.ENGINE_IP, k.ann.ip, '4815162342', '00c0ffee;encoding=hex']);
		const [invite] = w.wire.find({ method: 'INVITE', callId: row.params.SipCallId });
		assert.strictEqual(invite.src, k.ann.addr);
		await k.ann.ok();
		await bob.ok();
		const end = await ended(k.who);
		assert.deepStrictEqual([end.CallStatus, end.Direction, end.SipResponseCode], ['completed', 'inbound', '200']);
		const call1 = await w.client.calls(row.params.CallSid).fetch();
		assert.deepStrictEqual([call1.direction, call1.status], ['inbound', 'completed']);
		assert.ok(call1.startTime && call1.endTime);
	});

	s.race('reject_is_404_and_reject_busy_is_486_without_an_answer', async () => {
		const a = await call('call_refused', (d) => d.reject(), { code: 404 });
		const b = await call('call_refused', (d) => d.reject({ reason: 'busy' }), { code: 486 });
		await a.ann.ok();
		await b.ann.ok();
		assert.deepStrictEqual([(await ended(a.who)).CallStatus, (await ended(b.who)).CallStatus], ['no-answer', 'busy']);
	});

	s.race('hangup_answers_and_says_bye', async () => {
		const k = await call('call_bye', (d) => d.hangup());
		await k.ann.ok();
		assert.strictEqual((await ended(k.who)).CallStatus, 'completed');
	});

	s.race('a_dial_answers_the_caller_and_puts_both_together', async () => {
		const bob = await callee('answer', { ip: '10.77.0.13' });
		const k = await call('call', (d, c) => d.dial({ action: c.url('after') }).sip(bob.uri), { delay_ms: 800 });
		await k.ann.ok();
		await bob.ok();
		const [after] = await k.c.wait('after');
		assert.deepStrictEqual([after.params.DialCallStatus, after.params.DialBridged, after.params.Direction],
			['completed', 'true', 'inbound']);
		assert.strictEqual((await ended(k.who)).CallStatus, 'completed');
		const kids = await w.client.calls.list({ parentCallSid: after.params.CallSid });
		assert.deepStrictEqual(kids.map((x) => [x.direction, x.status]), [['outbound-dial', 'completed']]);
	});

	s.race('answer_on_bridge_holds_the_200_until_the_called_side_answers', async () => {
		const bob = await callee('answer', { ip: '10.77.0.13', delay_ms: 700 });
		const k = await call('call', (d) => d.dial({ answerOnBridge: true }).sip(bob.uri), { delay_ms: 600 });
		const row = await asked(k.who);
		await k.ann.ok();
		await bob.ok();
		const ours = await w.wire.wait({ status: 200, callId: row.params.SipCallId });
		const [theirs] = w.wire.sip.filter((m) => m.status === 200 && m.src === bob.addr && /INVITE/.test(m.header('CSeq')));
		assert.ok(ours.t >= theirs.t, 'our 200 came before the callee\'s');
		assert.strictEqual((await ended(k.who)).CallStatus, 'completed');
	});

	s.race('early_media_of_the_called_side_reaches_a_caller_that_rings_as_183', async () => {
		const bob = await callee('early_media', { ip: '10.77.0.13', delay_ms: 700 });
		const k = await call('call', (d) => d.dial({ answerOnBridge: true }).sip(bob.uri), { delay_ms: 300 });
		const row = await asked(k.who);
		await k.ann.ok();
		const early = await w.wire.wait({ status: 183, callId: row.params.SipCallId });
		assert.match(early.text, /m=audio \d+ RTP\/AVP 8\r\n/);
		bob.stop();
	});

	s.race('a_caller_who_gives_up_cancels_all_branches', async () => {
		const bobs = await Promise.all(['10.77.0.12', '10.77.0.13'].map((ip) => callee('ring', { ip })));
		const k = await call('call_cancel', (d, c) => {
			const dial = d.dial({ answerOnBridge: true, action: c.url('after') });
			bobs.forEach((b) => dial.sip(b.uri));
		}, { delay_ms: 600 });
		await k.ann.ok();
		for (const b of bobs) await b.ok();
		const [after] = await k.c.wait('after');
		assert.strictEqual(after.params.DialCallStatus, 'canceled');
		assert.strictEqual((await ended(k.who)).CallStatus, 'canceled');
	});

	s.race('a_busy_callee_under_answer_on_bridge_is_a_busy_for_the_caller', async () => {
		const bob = await callee('refuse', { ip: '10.77.0.13', code: 486 });
		const k = await call('call_refused', (d) => d.dial({ answerOnBridge: true }).sip(bob.uri), { code: 486 });
		await k.ann.ok();
		await bob.ok();
		assert.strictEqual((await ended(k.who)).CallStatus, 'busy');
	});

	s.race('screening_runs_while_the_caller_still_rings', async () => {
		const bob = await callee('answer', { ip: '10.77.0.13', delay_ms: 100 });
		const k = await call('call', (d, c) => {
			const screen = new twiml.VoiceResponse();
			screen.pause({ length: 1 });
			c.on('screen', screen.toString());
			d.dial({ answerOnBridge: true }).sip({ url: c.url('screen') }, bob.uri);
		}, { delay_ms: 500 });
		const row = await asked(k.who);
		await k.ann.ok();
		const [screen] = await k.c.wait('screen');
		const ours = await w.wire.wait({ status: 200, callId: row.params.SipCallId });
		assert.ok(ours.t >= screen.t + 900, `answered ${ours.t - screen.t} ms behind the screening`);
		await bob.ok();
	});

	s.race('strangers_get_403_and_no_call', async () => {
		const ann = await caller('call_403', { service: 'stranger', ip: STRANGER });
		await ann.ok();
		assert.strictEqual(seen('voice', 'stranger').length, 0);
	});
});
