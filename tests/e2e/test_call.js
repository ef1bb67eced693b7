// SPDX-License-Identifier: Apache-2.0
// Calls as a user makes them: the official client, an application that validates, callees nobody here wrote.
'use strict';

const assert = require('assert');
const path = require('path');
const { spawnSync } = require('child_process');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { SID } = require('./lib/engine');
const { until, sleep } = require('./lib/tap');
const host = require('./lib/host');

const FIELDS = ['account_sid', 'answered_by', 'api_version', 'caller_name', 'date_created', 'date_updated',
	'direction', 'duration', 'end_time', 'forwarded_from', 'from', 'from_formatted', 'group_sid', 'parent_call_sid',
	'phone_number_sid', 'price', 'price_unit', 'queue_time', 'sid', 'start_time', 'status', 'subresource_uris', 'to',
	'to_formatted', 'trunk_sid', 'uri'];
const EVENTS = ['initiated', 'ringing', 'answered', 'completed'];
const RFC2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (\+0000|GMT)$/;

const capture = () => path.join(host.dir(), 'engine.pcapng');
const response = (inner) => `<?xml version="1.0" encoding="UTF-8"?><Response>${inner}</Response>`;

// The statuses a call shows to somebody who keeps asking.
function watch(engine, sid) {
	const seen = [];
	let on = true;
	const done = (async () => {
		for (let last = false; !last;) {
			last = !on;
			const c = (await engine.get(`${engine.calls()}/${sid}.json`)).json;
			if (c && c.status && seen[seen.length - 1] !== c.status) seen.push(c.status);
			await sleep(15);
		}
	})();
	return { seen, stop: () => { on = false; return done; } };
}

function checkInvite(m, want) {
	assert.strictEqual(m.start, `INVITE ${want.ruri} SIP/2.0`);
	assert.match(m.header('From'), new RegExp(`<sip:${want.from}@[0-9.:]+>;tag=`));
	assert.match(m.header('To'), new RegExp(`^<${want.ruri.replace(/[.?+]/g, '\\$&')}>$`));
	assert.strictEqual(m.header('X-Twilio-AccountSid'), SID);
	assert.strictEqual(m.header('X-Twilio-CallSid'), want.sid);
	assert.strictEqual(m.header('X-Twilio-ApiVersion'), '2010-04-01');
	assert.match(m.header('User-Agent'), /^Dialplane\/\d/);
	for (const method of ['INVITE', 'ACK', 'CANCEL', 'OPTIONS', 'BYE']) {
		assert.match(m.header('Allow'), new RegExp(`\\b${method}\\b`));
	}
	assert.ok(m.header('Supported') !== undefined, 'Supported');
	assert.ok(Number(m.header('Max-Forwards')) >= 60);
	assert.match(m.header('Contact'), new RegExp(`@${host.ENGINE_IP}`));
	assert.match(m.header('Via'), /branch=z9hG4bK.{10,}/);
	assert.strictEqual(Number(m.header('Content-Length')), m.body.length);
	for (const line of [/^m=audio \d+ RTP\/AVP 0 8 \d+\r?$/m, /^a=rtpmap:\d+ telephone-event\/8000/m, /^a=ptime:20/m]) {
		assert.match(m.body, line);
	}
}

function checkEvents(rows, sid, final) {
	const status = { initiated: 'initiated', ringing: 'ringing', answered: 'in-progress', completed: final };
	assert.deepStrictEqual(rows.map((r) => r.params.CallStatus), EVENTS.map((e) => status[e]));
	rows.forEach((r, i) => {
		assert.strictEqual(r.params.SequenceNumber, String(i));
		assert.strictEqual(r.params.CallbackSource, 'call-progress-events');
		assert.match(r.params.Timestamp, RFC2822);
		assert.strictEqual(r.params.CallSid, sid);
		assert.strictEqual(r.params.AccountSid, SID);
		assert.strictEqual(r.params.ApiVersion, '2010-04-01');
		assert.strictEqual('CallDuration' in r.params, i === 3, 'CallDuration only at the end');
		assert.strictEqual(r.valid, true, 'signature');
	});
}

run({}, (s, w) => {
	const ended = (sid, ms) => w.engine.ended(sid, ms);

	s.test('a_rest_call_is_bridged_to_a_second_party_and_told_as_it_happens', async () => {
		const kate = await callee('answer_play', { delay_ms: 400 });
		const bob = await callee('answer_bye', { ip: '10.77.0.12', delay_ms: 2500, echo: true });
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="after?from=dial" timeout="10" callerId="desk-7"><Sip>
			${bob.uri}?X-Room=5&amp;X-List=a%2Cb</Sip></Dial>`));
		c.on('after', response('<Hangup/>'));
		const made = await w.client.calls.create({
			to: `${kate.uri}?X-Ticket=42&X-Pair=k%3Dv`, from: 'Jack', url: c.url('voice'),
			statusCallback: c.url('status'), statusCallbackEvent: EVENTS,
		});
		const eyes = watch(w.engine, made.sid);
		assert.match(made.sid, /^CA[0-9a-f]{32}$/);
		assert.strictEqual(made.status, 'queued');
		assert.strictEqual(made.direction, 'outbound-api');
		assert.strictEqual(made.startTime, null);
		assert.strictEqual(made.duration, null);
		assert.strictEqual(made.from, 'Jack');

		const [action] = await c.wait('after', 1, 15000);
		await kate.ok();
		await bob.ok();
		const status = await c.wait('status', 4);
		await ended(made.sid);
		await eyes.stop();
		assert.deepStrictEqual(eyes.seen.filter((x) => x !== 'queued'), ['ringing', 'in-progress', 'completed']);

		const inv1 = (await w.wire.wait({ method: 'INVITE', dst: kate.addr }));
		checkInvite(inv1, { ruri: kate.uri, from: 'Jack', sid: made.sid });
		assert.strictEqual(inv1.header('X-Ticket'), '42');
		assert.strictEqual(inv1.header('X-Pair'), 'k=v');
		const [voice] = c.seen('voice');
		assert.strictEqual(voice.method, 'POST');
		const v = voice.params;
		assert.deepStrictEqual([v.CallSid, v.AccountSid, v.From, v.To, v.CallStatus, v.ApiVersion, v.Direction],
			[made.sid, SID, 'Jack', made.to, 'in-progress', '2010-04-01', 'outbound-api']);
		assert.match(v.Caller, /sip:Jack@/);
		assert.match(v.Called, new RegExp(kate.uri));
		assert.strictEqual(v.SipCallId, inv1.callId);
		assert.strictEqual(v['SipHeader_X-Callee'], 'e2e');
		assert.match(voice.headers['user-agent'], /^TwilioProxy\//);
		checkEvents(status, made.sid, 'completed');
		assert.ok(Number(status[3].params.CallDuration) >= 2);

		const inv2 = w.wire.find({ method: 'INVITE', dst: bob.addr })[0];
		const child = action.params.DialCallSid;
		assert.match(child, /^CA[0-9a-f]{32}$/);
		checkInvite(inv2, { ruri: bob.uri, from: 'desk-7', sid: child });
		assert.strictEqual(inv2.header('X-Room'), '5');
		assert.strictEqual(inv2.header('X-List'), 'a,b');
		assert.deepStrictEqual([action.params.DialCallStatus, action.params.DialBridged, action.params.DialSipCallId,
			action.params.DialSipResponseCode, action.params.from, action.valid],
		['completed', 'true', inv2.callId, '200', 'dial', true]);
		assert.ok([2, 3].includes(Number(action.params.DialCallDuration)), action.params.DialCallDuration);

		for (const [who, sipp] of [['kate', kate], ['bob', bob]]) {
			const from = w.wire.rtpFrom(`${sipp.ip}:${sipp.media}`);
			const to = w.wire.rtpTo(`${sipp.ip}:${sipp.media}`);
			assert.ok(from > 50, `RTP from ${who}: ${from}`);
			assert.ok(to > 50, `RTP to ${who}: ${to}`);
		}
		const flow = [...w.wire.rtp.values()].find((f) => f.dst === `${bob.ip}:${bob.media}`);
		assert.ok(flow.src.startsWith(`${host.ENGINE_IP}:`), 'media is anchored on the engine');
		assert.strictEqual(flow.ssrcs.size, 1);
		const spoken = [...w.wire.rtp.values()].find((f) => f.src === `${kate.ip}:${kate.media}`);
		assert.ok(![...flow.ssrcs].some((x) => spoken.ssrcs.has(x)), 'each leg has an SSRC of its own');
		assert.ok(flow.jumps <= 2, `sequence jumps: ${flow.jumps}`);
		assert.ok(w.wire.find({ method: 'BYE', callId: inv1.callId, dst: kate.addr }).length === 1, 'BYE to kate');

		const parent = (await w.engine.get(`${w.engine.calls()}/${made.sid}.json`)).json;
		assert.deepStrictEqual(Object.keys(parent).sort(), [...FIELDS].sort());
		for (const f of ['duration', 'queue_time']) assert.strictEqual(typeof parent[f], 'string', f);
		for (const f of ['start_time', 'end_time', 'date_created', 'date_updated']) assert.match(parent[f], RFC2822, f);
		assert.strictEqual(parent.uri, `${w.engine.calls()}/${made.sid}.json`);
		const kids = await w.client.calls.list({ parentCallSid: made.sid });
		assert.deepStrictEqual(kids.map((k) => [k.sid, k.status, k.direction, k.to]),
			[[child, 'completed', 'outbound-dial', bob.uri]]);
		const disk = w.engine.rows('SELECT * FROM calls');
		for (const sid of [made.sid, child]) {
			assert.ok(disk.some((r) => Object.values(r).includes(sid) && Object.values(r).includes('completed')),
				`row of ${sid} on disk`);
		}
	});

	s.test('every_webhook_so_far_passed_the_official_validator', async () => {
		assert.ok(w.app.log.length >= 6);
		assert.deepStrictEqual(w.app.log.filter((r) => !r.valid).map((r) => r.url), []);
	});

	s.race('a_get_webhook_carries_its_parameters_in_the_query_and_is_signed', async () => {
		const kate = await callee('answer');
		const c = w.app.corner();
		c.on('voice', response('<Hangup/>'));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: `${c.url('voice')}?a=1&b=%20x`, method: 'GET',
			statusCallback: `${c.url('status')}?keep=me`, statusCallbackMethod: 'GET' });
		const [row] = await c.wait('status');
		await ended(made.sid);
		assert.deepStrictEqual([row.method, row.params.keep, row.params.CallStatus, row.params.SequenceNumber, row.valid],
			['GET', 'me', 'completed', '0', true]);
		const [voice] = c.seen('voice');
		assert.deepStrictEqual([voice.method, voice.params.a, voice.params.b, voice.valid], ['GET', '1', ' x', true]);
		await kate.ok();
	});

	s.race('headers_may_be_joined_by_an_encoded_ampersand', async () => {
		const kate = await callee('answer');
		const made = await w.client.calls.create({ to: `${kate.uri}?X-a=foo%26X-b=bar`, from: 'Jack', twiml: response('<Hangup/>') });
		await ended(made.sid);
		const inv = (await w.wire.wait({ method: 'INVITE', dst: kate.addr }));
		assert.deepStrictEqual([inv.header('X-a'), inv.header('X-b')], ['foo', 'bar']);
		await kate.ok();
	});

	s.race('twiml_in_the_request_runs_without_a_fetch_and_a_pause_takes_its_time', async () => {
		const kate = await callee('answer');
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml: response('<Pause length="2"/><Hangup/>') });
		const done = await ended(made.sid);
		assert.strictEqual(done.status, 'completed');
		assert.strictEqual(done.duration, '2');
		await kate.ok();
	});

	s.race('a_redirect_is_followed_to_the_next_document', async () => {
		const kate = await callee('answer');
		const c = w.app.corner();
		c.on('voice', response('<Redirect method="GET">second</Redirect><Pause length="30"/>'));
		c.on('second', response('<Hangup/>'));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		await ended(made.sid);
		assert.deepStrictEqual(c.seen().map((r) => `${r.method} ${r.what}`), ['POST voice', 'GET second']);
		await kate.ok();
	});

	s.race('a_redirected_webhook_is_signed_for_where_it_goes', async () => {
		for (const [code, method] of [[302, 'GET'], [307, 'POST']]) {
			const kate = await callee('answer');
			const c = w.app.corner();
			c.on('voice', (req, res) => { res.redirect(code, `/${c.id}/moved?x=1`); });
			c.on('moved', response('<Hangup/>'));
			const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
			assert.strictEqual((await ended(made.sid)).status, 'completed');
			const [row] = c.seen('moved');
			assert.deepStrictEqual([row.method, row.valid, row.params.x], [method, true, '1']);
			if (method === 'POST') assert.strictEqual(row.params.CallSid, made.sid);
			await kate.ok();
		}
	});

	s.race('the_scheme_may_be_absent_and_white_space_is_trimmed', async () => {
		const kate = await callee('answer');
		const bob = await callee('answer_bye', { delay_ms: 300 });
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack',
			twiml: response(`<Dial><Sip>\n  ${bob.uri.replace('sip:', '')}\n </Sip></Dial>`) });
		assert.strictEqual((await ended(made.sid)).status, 'completed');
		await bob.ok();
		await kate.ok();
	});

	s.race('a_host_name_is_resolved', async () => {
		const kate = await callee('answer');
		const made = await w.client.calls.create({ to: `sip:kate@a-10-77-0-11.e2e.test:${kate.port}`, from: 'Jack',
			twiml: response('<Hangup/>') });
		assert.strictEqual((await ended(made.sid)).status, 'completed');
		await kate.ok();
	});

	s.race('canceled_while_ringing_sends_cancel', async () => {
		const kate = await callee('ring');
		const c = w.app.corner();
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice'),
			statusCallback: c.url('status') });
		await w.engine.reaches(made.sid, 'ringing');
		await w.client.calls(made.sid).update({ status: 'canceled' });
		const done = await ended(made.sid);
		assert.strictEqual(done.status, 'canceled');
		await kate.ok();
		assert.deepStrictEqual((await c.wait('status')).map((r) => r.params.CallStatus), ['canceled']);
		assert.strictEqual(c.seen('voice').length, 0);
	});

	s.race('completed_while_up_hangs_up_both_legs', async () => {
		const kate = await callee('answer');
		const bob = await callee('answer');
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="after"><Sip>${bob.uri}</Sip></Dial>`));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		await w.wire.wait({ method: 'ACK', dst: bob.addr });
		await w.client.calls(made.sid).update({ status: 'completed' });
		assert.strictEqual((await ended(made.sid)).status, 'completed');
		await kate.ok();
		await bob.ok();
	});

	s.race('an_ended_call_cannot_be_ended_again', async () => {
		const kate = await callee('refuse', { code: 486 });
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml: response('<Hangup/>') });
		await ended(made.sid);
		await assert.rejects(w.client.calls(made.sid).update({ status: 'completed' }), (e) => e.status === 400 && e.code === 21220);
		await kate.ok();
	});

	for (const [code, status] of [[486, 'busy'], [600, 'busy'], [480, 'no-answer'], [603, 'no-answer'], [404, 'failed'],
		[488, 'failed'], [503, 'failed']]) {
		s.race(`sip_${code}_makes_the_call_${status}`, async () => {
			const kate = await callee('refuse', { code, reason: 'No' });
			const c = w.app.corner();
			const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice'), statusCallback: c.url('status') });
			const [row] = await c.wait('status');
			assert.deepStrictEqual([row.params.CallStatus, row.params.SipResponseCode, row.params.CallDuration], [status, String(code), '0']);
			assert.strictEqual((await ended(made.sid)).status, status);
			await kate.ok();
		});
	}

	s.race('a_refused_dial_tells_its_action_why_and_the_caller_goes_on', async () => {
		const kate = await callee('answer');
		const bob = await callee('refuse', { code: 486 });
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="after"><Sip>${bob.uri}</Sip></Dial>`));
		c.on('after', response('<Pause length="1"/><Hangup/>'));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		const [row] = await c.wait('after');
		assert.deepStrictEqual([row.params.DialCallStatus, row.params.DialSipResponseCode, row.params.DialBridged, row.params['DialSipHeader_X-Why']],
			['busy', '486', 'false', 'e2e']);
		assert.strictEqual((await ended(made.sid)).status, 'completed');
		await bob.ok();
		await kate.ok();
	});

	s.race('nobody_answers_within_timeout_and_the_invite_is_cancelled', async () => {
		const kate = await callee('ring');
		const c = w.app.corner();
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice'), timeout: 2, statusCallback: c.url('status') });
		const [row] = await c.wait('status');
		assert.deepStrictEqual([row.params.CallStatus, row.params.SipResponseCode], ['no-answer', '487']);
		await kate.ok();
		const inv = (await w.wire.wait({ method: 'INVITE', dst: kate.addr }));
		const cancel = (await w.wire.wait({ method: 'CANCEL', dst: kate.addr }));
		assert.ok(Math.abs(cancel.t - inv.t - 2000) < 300, `CANCEL after ${cancel.t - inv.t} ms`);
		await ended(made.sid);
	});

	s.race('a_dialled_party_that_does_not_answer_within_dial_timeout_is_cancelled', async () => {
		const kate = await callee('answer');
		const bob = await callee('ring');
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="after" timeout="5"><Sip>${bob.uri}</Sip></Dial>`));
		c.on('after', response('<Hangup/>'));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		const [row] = await c.wait('after', 1, 12000);
		assert.strictEqual(row.params.DialCallStatus, 'no-answer');
		await bob.ok();
		await ended(made.sid);
		await kate.ok();
	});

	s.race('time_limit_of_dial_ends_the_bridge', async () => {
		const kate = await callee('answer');
		const bob = await callee('answer');
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="after" timeLimit="2"><Sip>${bob.uri}</Sip></Dial>`));
		c.on('after', response('<Hangup/>'));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		const [row] = await c.wait('after', 1, 12000);
		assert.deepStrictEqual([row.params.DialCallStatus, row.params.DialCallDuration], ['completed', '2']);
		await bob.ok();
		await ended(made.sid);
		await kate.ok();
	});

	s.race('the_caller_hanging_up_ends_the_dialled_party', async () => {
		const kate = await callee('answer_bye', { delay_ms: 1500 });
		const bob = await callee('answer');
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="after"><Sip>${bob.uri}</Sip></Dial>`));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		assert.strictEqual((await ended(made.sid)).status, 'completed');
		await bob.ok();
		await kate.ok();
		const [row] = await c.wait('after');
		assert.strictEqual(row.params.DialCallStatus, 'completed');
	});

	s.race('the_caller_hanging_up_while_the_other_party_rings_cancels_it', async () => {
		const kate = await callee('answer_bye', { delay_ms: 1000 });
		const bob = await callee('ring');
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml: response(`<Dial><Sip>${bob.uri}</Sip></Dial>`) });
		assert.strictEqual((await ended(made.sid)).status, 'completed');
		await bob.ok();
		await kate.ok();
		await until(async () => {
			const kids = (await w.engine.get(`${w.engine.calls()}.json?ParentCallSid=${made.sid}`)).json.calls;
			return kids.length === 1 && kids[0].status === 'canceled';
		}, 'the child canceled');
	});

	s.race('ssrc_and_sequence_towards_the_caller_continue_when_it_is_bridged_to_another_party', async () => {
		const kate = await callee('answer');
		const bob = await callee('play_bye', { ip: '10.77.0.12', delay_ms: 1000 });
		const jim = await callee('play_bye', { ip: '10.77.0.14', delay_ms: 1000 });
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="second"><Sip>${bob.uri}</Sip></Dial>`));
		c.on('second', response(`<Dial action="after"><Sip>${jim.uri}</Sip></Dial>`));
		c.on('after', response('<Hangup/>'));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		assert.strictEqual((await ended(made.sid)).status, 'completed');
		for (const sipp of [kate, bob, jim]) await sipp.ok();
		const flow = [...w.wire.rtp.values()].find((f) => f.dst === `${kate.ip}:${kate.media}`);
		const from = [bob, jim].map((x) => w.wire.rtpFrom(`${x.ip}:${x.media}`));
		assert.ok(from.every((n) => n > 15), `RTP of the two parties: ${from}`);
		assert.ok(flow.n > 0.8 * (from[0] + from[1]), `${flow.n} packets of ${from}`);
		assert.deepStrictEqual([flow.ssrcs.size, flow.jumps], [1, 0]);
	});

	s.race('early_media_of_the_dialled_party_reaches_the_caller', async () => {
		const kate = await callee('answer');
		const bob = await callee('early_media', { ip: '10.77.0.12', delay_ms: 1500 });
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml: response(`<Dial timeLimit="1"><Sip>${bob.uri}</Sip></Dial>`) });
		const answer = await w.wire.wait({ status: 200, src: bob.addr, cseq: 'INVITE' }, 8000);
		const flow = [...w.wire.rtp.values()].find((f) => f.dst === `${kate.ip}:${kate.media}`);
		assert.ok(flow && flow.first < answer.t, 'RTP to the caller before the 200');
		await ended(made.sid);
		await bob.ok();
		await kate.ok();
	});

	s.test('the_list_pages_without_loss_or_doubles', async () => {
		const all = await w.client.calls.list();
		const paged = await w.client.calls.list({ pageSize: 4 });
		assert.ok(all.length > 8);
		assert.deepStrictEqual(paged.map((x) => x.sid), all.map((x) => x.sid));
		assert.strictEqual(new Set(all.map((x) => x.sid)).size, all.length);
		assert.strictEqual((await w.client.calls.list({ limit: 3 })).length, 3);
		const busy = await w.client.calls.list({ status: 'busy' });
		assert.ok(busy.length >= 3 && busy.every((x) => x.status === 'busy'));
	});

	s.test('healthz_and_metrics_agree_with_what_happened', async () => {
		const m = await w.engine.drained();
		assert.strictEqual((await w.engine.get('/healthz', { auth: null })).status, 200);
		assert.ok(m.dialplane_legs_answered_total >= 20);
		assert.ok(m.dialplane_rtp_out_total > 200);
		assert.strictEqual(m.dialplane_drop_ip_bad_total, 0);
		assert.strictEqual(m.dialplane_drop_udp_bad_total, 0);
		assert.strictEqual(m.dialplane_sip_illegal_event_total, 0);
		assert.strictEqual(m.dialplane_ev_text_lost_total, 0);
	});

	return async function the_capture_file_holds_every_sip_message_that_was_on_the_wire() {
		const lines = spawnSync('tcpdump', ['-Z', 'root', '-nr', capture(), 'udp', 'port', '5060'], { encoding: 'utf8', maxBuffer: 1 << 26 }).stdout
			.trim().split('\n');
		assert.ok(w.wire.sip.length > 200);
		assert.strictEqual(lines.length, w.wire.sip.length);
	};
}, () => ['--pcap', capture()]);
