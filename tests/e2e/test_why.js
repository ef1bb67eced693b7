// SPDX-License-Identifier: Apache-2.0
// Why did it fail: every call that did not complete says so in its notifications, its events and one log line.
'use strict';

const assert = require('assert');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { until } = require('./lib/tap');

const HANG_UP = '<Response><Hangup/></Response>';

run({}, (s, w) => {
	// What a call left behind, when all of it must hold the same words.
	const story = async (sid, words) => {
		const row = await w.engine.ended(sid);
		let notes;
		await until(async () => { notes = await w.client.calls(sid).notifications.list(); return notes.length > 0; }, 'a notification');
		const note = notes.find((n) => decodeURIComponent(n.messageText.replace(/\+/g, ' ')).includes(words));
		assert.ok(note, `${words} in ${notes.map((n) => n.messageText)}`);
		const lines = w.engine.log(200000).split('\n').filter((l) => l.includes(sid) && l.includes('"area":"call"') && l.includes(row.status));
		assert.ok(lines.some((l) => (JSON.parse(l).msg || "").includes(words)), `the log of ${sid}: ${lines}`);
		const events = await w.client.calls(sid).events.list();
		return { row, note, events, invite: events.find((e) => e.request.method === 'INVITE') };
	};
	const failing = async (params, status, code, words) => {
		const r = await w.engine.create({ Twiml: HANG_UP, ...params });
		assert.strictEqual(r.status, 201, r.text);
		const x = await story(r.json.sid, words);
		assert.strictEqual(x.row.status, status);
		assert.strictEqual(x.note.errorCode, String(code));
		assert.strictEqual(x.note.log, status === 'failed' ? '0' : '1');
		assert.ok(x.invite, 'an INVITE among the events');
		assert.strictEqual(x.invite.response.error_code, code);
		assert.ok(x.invite.response.error_message.includes(words));
		assert.ok(x.invite.response.next_step.includes(status));
		return x;
	};

	s.race('a_refusal_is_told_with_its_reason_and_warning', async () => {
		const busy = await callee('refuse', { code: 486, reason: 'Busy Here' });
		const x = await failing({ To: `${busy.uri}?x-a=1` }, 'busy', 31486, 'Q.850;cause=17;text="User busy"');
		assert.strictEqual(x.invite.response.response_code, 486);
		assert.strictEqual(x.invite.request.url, busy.uri);
		assert.ok(x.invite.response.error_message.includes('399 pbx.example'), x.invite.response.error_message);
	});

	s.race('a_server_error_is_told', async () => {
		const down = await callee('refuse', { code: 503, reason: 'Service Unavailable' });
		await failing({ To: down.uri }, 'failed', 32011, 'the far side answered 503 Service Unavailable');
	});

	s.race('nobody_answering_is_told_with_the_timeout', async () => {
		const ring = await callee('ring');
		await failing({ To: ring.uri, Timeout: '1' }, 'no-answer', 31480, 'no answer within 1 s');
	});

	s.race('a_cancel_is_told', async () => {
		const ring = await callee('ring');
		const r = await w.engine.create({ To: ring.uri, Twiml: HANG_UP });
		await w.engine.reaches(r.json.sid, 'ringing');
		await w.client.calls(r.json.sid).update({ status: 'canceled' });
		const x = await story(r.json.sid, 'canceled by the REST API');
		assert.strictEqual(x.row.status, 'canceled');
		assert.strictEqual(x.note.errorCode, '31487');
		assert.ok(x.invite);
	});

	s.race('a_closed_port_is_told', async () => {
		await failing({ To: 'sip:kate@10.77.0.11:5999' }, 'failed', 32011, 'ICMP');
	});

	s.race('a_name_that_does_not_exist_is_told', async () => {
		const x = await failing({ To: 'sip:kate@nowhere.example' }, 'failed', 13254, 'nowhere.example cannot be called');
		assert.strictEqual(x.invite.response.response_code, null);
	});

	s.race('the_rule_that_refused_an_address_is_told', async () => {
		await failing({ To: 'sip:kate@192.168.7.7' }, 'failed', 13254, '192.168.7.7 is refused: private 192.168.0.0/16');
	});

	s.race('the_webhook_that_broke_is_told', async () => {
		const kate = await callee('answer');
		const c = w.app.corner();
		c.on('voice', (req, res) => { res.status(500).send('no'); });
		const r = await w.engine.create({ To: kate.uri, Url: c.url('voice') });
		const x = await story(r.json.sid, '500');
		assert.strictEqual(x.row.status, 'completed');
		assert.strictEqual(x.note.errorCode, '11200');
		assert.strictEqual(x.events[0].response.response_code, 500);
	});
});
