// SPDX-License-Identifier: Apache-2.0
// <Dial> whole: the documents are made by the official helper library, the called parties are SIPp's. The first seven
// are the examples of Twilio's page on <Sip>.
'use strict';

const assert = require('assert');
const { twiml } = require('twilio');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { SID, TOKEN } = require('./lib/engine');
const { until } = require('./lib/tap');

const EVENTS = ['initiated', 'ringing', 'answered', 'completed'];
const PLAIN = `AC${'f'.repeat(32)}`; // an account whose Enhanced Programmable SIP Features are off
const TRUNK = { ip: '10.77.0.13', port: 5490 };
const settings = {
	trunk: { uri: `sip:{number}@${TRUNK.ip}:${TRUNK.port};user=phone` },
	accounts: [{ sid: SID, token: TOKEN }, { sid: PLAIN, token: TOKEN, enhanced_sip: false }],
};

run(settings, (s, w) => {
	// A caller whose document is one <Dial>, filled by fill(dial); its action hangs up. leaves_ms: the caller hangs up
	// by itself so long after its answer.
	async function dial(attributes, fill, leaves_ms = 0) {
		const kate = leaves_ms ? await callee('answer_bye', { delay_ms: leaves_ms }) : await callee('answer');
		const c = w.app.corner();
		const doc = new twiml.VoiceResponse();
		fill(doc.dial({ action: 'after', ...attributes }), c);
		c.on('voice', doc.toString());
		c.on('after', new twiml.VoiceResponse().toString());
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		return { kate, c, sid: made.sid, doc: doc.toString() };
	}

	async function action(k, ms = 20000) {
		const [row] = await k.c.wait('after', 1, ms);
		await k.kate.ok();
		assert.strictEqual(row.params.CallSid, k.sid);
		return row.params;
	}

	const kids = async (sid) => (await w.engine.get(`${w.engine.calls()}.json?ParentCallSid=${sid}`)).json.calls;
	const note = (sid, code) => until(async () => (await w.client.calls(sid).notifications.list())
		.find((n) => n.errorCode === String(code)), `notification ${code}`);
	const bare = (uri) => uri.replace('sip:', '');

	s.race('s81_example_1_a_bare_address', async () => {
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({}, (d) => d.sip(bare(bob.uri)));
		assert.match(k.doc, new RegExp(`<Sip>${bare(bob.uri)}</Sip>`));
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialBridged, a.DialSipResponseCode], ['completed', 'true', '200']);
		await bob.ok();
	});

	s.race('s81_example_2_username_and_password_are_accepted', async () => {
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({}, (d) => d.sip({ username: 'admin', password: '1234' }, bare(bob.uri)));
		assert.strictEqual((await action(k)).DialCallStatus, 'completed');
		await bob.ok();
	});

	s.race('s81_example_3_two_headers', async () => {
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({}, (d) => d.sip(`${bob.uri}?x-mycustomheader=foo&x-myotherheader=bar`));
		assert.strictEqual((await action(k)).DialCallStatus, 'completed');
		const invite = await w.wire.wait({ method: 'INVITE', dst: bob.addr });
		assert.deepStrictEqual([invite.header('x-mycustomheader'), invite.header('x-myotherheader')], ['foo', 'bar']);
		await bob.ok();
	});

	s.race('s81_example_4_every_attribute_with_a_screening_document', async () => {
		const bob = await callee('answer_bye', { delay_ms: 1200 });
		const k = await dial({
			record: 'record-from-answer', timeout: 10, hangupOnStar: true, callerId: 'bob', method: 'POST', action: 'after',
		}, (d, c) => {
			const screen = new twiml.VoiceResponse();
			screen.pause({ length: 1 });
			c.on('screen', screen.toString());
			d.sip({ method: 'POST', url: c.url('screen') }, `${bob.uri}?X-hatchkey=4815162342`);
		});
		const a = await action(k);
		const invite = await w.wire.wait({ method: 'INVITE', dst: bob.addr });
		assert.strictEqual(invite.header('X-hatchkey'), '4815162342');
		assert.match(invite.header('From'), /<sip:bob@/);
		const [screen] = k.c.seen('screen');
		assert.deepStrictEqual([screen.method, screen.params.CallSid, screen.params.ParentCallSid, screen.params.CallStatus],
			['POST', a.DialCallSid, k.sid, 'in-progress']);
		assert.deepStrictEqual([screen.params.SipCallId, screen.params.SipDomain, screen.params.SipSourceIp,
			screen.params['SipHeader_X-Callee']], [invite.callId, bob.ip, bob.ip, 'e2e']);
		assert.match(screen.params.Called, new RegExp(bob.uri));
		assert.match(screen.params.Caller, /^sip:bob@/);
		assert.deepStrictEqual([a.DialCallStatus, a.DialSipCallId, a['DialSipHeader_X-Callee']], ['completed', invite.callId, 'e2e']);
		await note(k.sid, 12200); // record and hangupOnStar are told as not built
		await bob.ok();
	});

	s.race('s81_example_5_four_status_events_of_the_dialled_leg', async () => {
		const bob = await callee('answer_bye', { delay_ms: 1300 });
		const k = await dial({}, (d, c) => d.sip({
			statusCallback: c.url('leg'), statusCallbackEvent: EVENTS, statusCallbackMethod: 'POST',
		}, bob.uri));
		const a = await action(k);
		const rows = await k.c.wait('leg', 4);
		rows.sort((x, y) => x.params.SequenceNumber - y.params.SequenceNumber);
		assert.deepStrictEqual(rows.map((r) => r.params.CallStatus), ['initiated', 'ringing', 'in-progress', 'completed']);
		rows.forEach((r, i) => {
			assert.deepStrictEqual([r.params.CallSid, r.params.ParentCallSid, r.params.SequenceNumber, r.params.CallbackSource,
				r.params.Direction, r.method], [a.DialCallSid, k.sid, String(i), 'call-progress-events', 'outbound-dial', 'POST']);
			assert.strictEqual('CallDuration' in r.params, i === 3);
		});
		assert.ok(Number(rows[3].params.CallDuration) >= 1);
		await bob.ok();
	});

	s.test('s81_example_6_a_number_and_three_sip_addresses_ring_at_once', async () => {
		const trunk = await callee('ring', TRUNK);
		const slow = await Promise.all(['10.77.0.11', '10.77.0.14'].map((ip) => callee('ring', { ip })));
		const bob = await callee('answer', { ip: '10.77.0.12', delay_ms: 500 });
		const k = await dial({}, (d) => {
			d.number('858-987-6543');
			d.sip(slow[0].uri);
			d.sip(slow[1].uri);
			d.sip(bob.uri);
		}, 2000);
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialBridged], ['completed', 'true']);
		for (const x of [trunk, ...slow, bob]) await x.ok();
		const invite = await w.wire.wait({ method: 'INVITE', dst: trunk.addr });
		assert.match(invite.start, /^INVITE sip:8589876543@10\.77\.0\.13:5490;user=phone /);
		const legs = await kids(k.sid);
		assert.deepStrictEqual(legs.map((l) => l.status).sort(), ['canceled', 'canceled', 'canceled', 'completed']);
		assert.strictEqual(legs.find((l) => l.status === 'completed').sid, a.DialCallSid);
	});

	s.race('s81_example_7_three_sip_addresses_one_after_the_other', async () => {
		const busy = await callee('refuse', { code: 486 });
		const late = await callee('ring');
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({ sequential: true, timeout: 1 }, (d) => [busy, late, bob].forEach((x) => d.sip(x.uri)));
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialSipResponseCode], ['completed', '200']);
		for (const x of [busy, late, bob]) await x.ok();
		const at = [];
		for (const x of [busy, late, bob]) at.push((await w.wire.wait({ method: 'INVITE', dst: x.addr })).t);
		assert.ok(at[0] < at[1] && at[1] + 900 < at[2], `${at}`);
		const status = (await kids(k.sid)).map((l) => l.status).reverse();
		assert.deepStrictEqual(status, ['busy', 'no-answer', 'completed']);
	});

	s.race('headers_of_a_noun_reach_its_invite_decoded_once_and_only_those_that_are_allowed', async () => {
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({}, (d) => d.sip(`\n  ${bob.uri};transport=udp?x-list=a%2Cb%3Bc%3Dd%3Ce%3E%3A%40&X-UPPER=1`
			+ '&User-To-User=123456789%3Bencoding%3Dhex&remote-party-id=%3Csip:a@b%3E&P-Preferred-Identity=%3Csip:c@d%3E'
			+ '&P-Called-Party-ID=%3Csip:e@f%3E&x-foo%3Dbar&mycustomheader=foo&Via=x&x-twilio-a=1\n'));
		await action(k);
		const invite = await w.wire.wait({ method: 'INVITE', dst: bob.addr });
		assert.strictEqual(invite.start, `INVITE ${bob.uri};transport=udp SIP/2.0`);
		assert.deepStrictEqual(['x-list', 'X-UPPER', 'User-to-User', 'Remote-Party-ID', 'P-Preferred-Identity', 'P-Called-Party-ID',
			'x-foo', 'mycustomheader', 'x-twilio-a'].map((n) => invite.header(n)), ['a,b;c=d<e>:@', '1', '123456789;encoding=hex',
			'<sip:a@b>', '<sip:c@d>', '<sip:e@f>', 'bar', undefined, undefined]);
		const [leg] = await kids(k.sid);
		assert.strictEqual(leg.to, `${bob.uri};transport=udp`);
		await note(leg.sid, 32113);
		await bob.ok();
	});

	s.race('headers_of_1023_characters_are_sent_and_of_1024_refused', async () => {
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({ sequential: true }, (d) => {
			d.sip(`${bob.uri}?x-a=${'b'.repeat(1020)}`);
			d.sip(`${bob.uri}?x-a=${'b'.repeat(1019)}`);
		});
		assert.strictEqual((await action(k)).DialCallStatus, 'completed');
		await note(k.sid, 13253);
		assert.strictEqual((await kids(k.sid)).length, 1); // the other one was never called
		await bob.ok();
	});

	s.race('completed_is_told_by_default_by_get_and_not_to_a_host_with_an_underscore', async () => {
		const busy = await callee('refuse', { code: 486 });
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({ sequential: true }, (d, c) => {
			d.sip({ statusCallback: c.url('leg'), statusCallbackMethod: 'GET' }, busy.uri);
			d.sip({ statusCallback: 'http://my_host/leg' }, bob.uri);
		});
		const a = await action(k);
		const [row] = await k.c.wait('leg');
		assert.deepStrictEqual([row.method, row.params.CallStatus, row.params.SequenceNumber, row.params.ParentCallSid],
			['GET', 'busy', '0', k.sid]);
		assert.match((await note(a.DialCallSid, 21609)).messageText, /underscore/);
		assert.strictEqual(k.c.seen('leg').length, 1);
		await bob.ok();
	});

	s.race('a_screening_document_is_asked_for_by_get_when_the_noun_says_so', async () => {
		const bob = await callee('answer_bye', { delay_ms: 600 });
		const k = await dial({}, (d, c) => {
			c.on('screen', '<Response/>');
			d.sip({ url: 'screen', method: 'GET' }, bob.uri);
		});
		assert.strictEqual((await action(k)).DialBridged, 'true');
		assert.strictEqual(k.c.seen('screen')[0].method, 'GET');
		await bob.ok();
	});

	s.test('a_number_that_does_not_answer_is_followed_by_a_sip_address', async () => {
		const trunk = await callee('refuse', { ...TRUNK, code: 404 });
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const k = await dial({ sequential: true }, (d) => { d.number('+1 858 987 6543'); d.sip(bob.uri); });
		assert.strictEqual((await action(k)).DialCallStatus, 'completed');
		await trunk.ok();
		await bob.ok();
		assert.deepStrictEqual((await kids(k.sid)).map((l) => [l.to, l.status]).reverse(),
			[['+18589876543', 'failed'], [bob.uri, 'completed']]);
	});

	s.race('a_branch_whose_answer_crosses_our_cancel_is_acknowledged_and_ended_with_bye', async () => {
		const crossing = await callee('answer_after_cancel');
		const bob = await callee('answer', { delay_ms: 500 });
		const k = await dial({}, (d) => { d.sip(crossing.uri); d.sip(bob.uri); }, 2000);
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialBridged], ['completed', 'true']);
		await crossing.ok();
		await bob.ok();
	});

	s.race('a_603_cancels_the_other_branches_and_is_the_result', async () => {
		const other = await callee('ring');
		const no = await callee('refuse', { code: 603, reason: 'Decline', delay_ms: 400 });
		const k = await dial({}, (d) => { d.sip(other.uri); d.sip(no.uri); });
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialSipResponseCode, a.DialBridged], ['no-answer', '603', 'false']);
		await other.ok();
		await no.ok();
	});

	s.race('when_a_sequence_fails_the_last_one_tried_is_the_result', async () => {
		const one = await callee('refuse', { code: 486 });
		const two = await callee('refuse', { code: 404 });
		const k = await dial({ sequential: true }, (d) => { d.sip(one.uri); d.sip(two.uri); });
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialSipResponseCode], ['failed', '404']);
	});

	s.race('a_callee_that_is_screened_out_ends_completed_and_was_not_bridged', async () => {
		const bob = await callee('answer', { delay_ms: 500 });
		const other = await callee('ring');
		const k = await dial({}, (d, c) => {
			const screen = new twiml.VoiceResponse();
			screen.redirect('no');
			c.on('screen', screen.toString());
			const no = new twiml.VoiceResponse();
			no.hangup();
			c.on('no', no.toString());
			d.sip({ url: 'screen' }, bob.uri);
			d.sip(other.uri);
		});
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialBridged], ['completed', 'false']);
		await bob.ok();
		await other.ok();
	});

	s.race('dial_in_a_screening_document_is_13201', async () => {
		const bob = await callee('answer');
		const k = await dial({}, (d, c) => {
			const screen = new twiml.VoiceResponse();
			screen.dial().sip('sip:nobody@10.77.0.14');
			c.on('screen', screen.toString());
			d.sip({ url: 'screen' }, bob.uri);
		});
		const a = await action(k);
		assert.strictEqual(a.DialBridged, 'false');
		await note(a.DialCallSid, 13201);
		await bob.ok();
	});

	s.race('a_client_without_a_configured_address_fails_and_says_so', async () => {
		const k = await dial({}, (d) => d.client('bob'));
		assert.strictEqual((await action(k)).DialCallStatus, 'failed');
		assert.match((await note(k.sid, 13224)).messageText, /client\.uri/);
	});

	s.race('without_enhanced_features_a_second_noun_is_13215_and_nobody_is_called', async () => {
		const kate = await callee('answer');
		const c = w.app.corner();
		const doc = new twiml.VoiceResponse();
		const d = doc.dial({ action: 'after' });
		d.sip('sip:a@10.77.0.14:5998');
		d.sip('sip:b@10.77.0.14:5998');
		c.on('voice', doc.toString());
		const r = await w.engine.post(`/2010-04-01/Accounts/${PLAIN}/Calls.json`,
			{ To: kate.uri, From: 'Jack', Url: c.url('voice') }, { auth: `${PLAIN}:${TOKEN}` });
		assert.strictEqual(r.status, 201);
		const [row] = await c.wait('after');
		assert.strictEqual(row.params.DialCallStatus, 'failed');
		await kate.ok();
		const notes = (await w.engine.get(`/2010-04-01/Accounts/${PLAIN}/Calls/${r.json.sid}/Notifications.json`,
			{ auth: `${PLAIN}:${TOKEN}` })).json.notifications;
		assert.ok(notes.some((n) => n.error_code === '13215'), JSON.stringify(notes));
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: '10.77.0.14:5998' }).length, 0);
	});

	s.race('redirecting_the_callee_takes_it_out_of_the_bridge_and_the_caller_goes_on', async () => {
		const bob = await callee('answer');
		const k = await dial({}, (d) => d.sip(bob.uri));
		const [leg] = await until(async () => (await kids(k.sid)).filter((l) => l.status === 'in-progress').length
			&& kids(k.sid), 'the bridge');
		const moved = new twiml.VoiceResponse();
		moved.redirect('moved');
		k.c.on('moved', new twiml.VoiceResponse().toString());
		await w.client.calls(leg.sid).update({ url: k.c.url('moved') });
		const a = await action(k);
		assert.deepStrictEqual([a.DialCallStatus, a.DialCallSid, 'DialCallDuration' in a], ['completed', leg.sid, false]);
		const [row] = await k.c.wait('moved');
		assert.deepStrictEqual([row.params.CallSid, row.params.CallStatus], [leg.sid, 'in-progress']);
		await bob.ok();
	});

	s.race('redirecting_the_caller_abandons_its_dial', async () => {
		const bob = await callee('answer');
		const k = await dial({}, (d) => d.sip(bob.uri));
		await until(async () => (await kids(k.sid)).some((l) => l.status === 'in-progress'), 'the bridge');
		await w.client.calls(k.sid).update({ twiml: new twiml.VoiceResponse().toString() });
		await bob.ok();
		await k.kate.ok();
		assert.strictEqual((await w.engine.ended(k.sid)).status, 'completed');
		assert.strictEqual(k.c.seen('after').length, 0);
	});

	s.race('a_call_that_rings_cannot_be_redirected', async () => {
		const kate = await callee('ring');
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml: new twiml.VoiceResponse().toString() });
		await w.engine.reaches(made.sid, 'ringing');
		await assert.rejects(w.client.calls(made.sid).update({ twiml: new twiml.VoiceResponse().toString() }),
			(e) => e.status === 400 && e.code === 21220 && /Cannot redirect/.test(e.message));
		await w.client.calls(made.sid).update({ status: 'canceled' });
		await kate.ok();
	});
});
