// SPDX-License-Identifier: Apache-2.0
// The official client for node, unmodified, against a running engine with SIP behind it: every option of a create, every
// way to read, change and remove calls, every kind of refusal. And the bodies that its makers print.
'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const RestException = require('twilio/lib/base/RestException').default;
const host = require('./lib/host');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { twilioClient, SID } = require('./lib/engine');
const { until, skip } = require('./lib/tap');

const HANG_UP = '<Response><Hangup/></Response>';
const ROOT = `/2010-04-01/Accounts/${SID}`;
const KEYS = ['account_sid', 'answered_by', 'api_version', 'caller_name', 'date_created', 'date_updated', 'direction', 'duration', 'end_time', 'forwarded_from', 'from',
	'from_formatted', 'group_sid', 'parent_call_sid', 'phone_number_sid', 'price', 'price_unit', 'queue_time', 'sid', 'start_time', 'status', 'subresource_uris', 'to',
	'to_formatted', 'trunk_sid', 'uri'];

function vectors() {
	const dirs = [process.env.DIALPLANE_VECTORS, path.join(host.ROOT, '..', 'shared', 'vectors')].filter(Boolean);
	const dir = dirs.map((d) => path.join(d, 'twilio-rest')).find((d) => fs.existsSync(d));
	if (!dir) skip('no REST bodies beside the checkout');
	return (name) => JSON.parse(fs.readFileSync(path.join(dir, `${name}.json`), 'utf8'));
}

// A value's kind as clients tell kinds apart; null and text may stand for each other where a service has no value.
function kind(v) {
	if (v === null) return 'text';
	if (Array.isArray(v)) return 'list';
	return typeof v === 'object' ? 'object' : typeof v === 'string' ? 'text' : typeof v;
}

// What the published description of the API no longer has.
const GONE = ['annotation'];

function same_shape(ours, all) {
	const theirs = Object.fromEntries(Object.entries(all).filter(([k]) => !GONE.includes(k)));
	assert.deepStrictEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
	for (const k of Object.keys(theirs)) assert.strictEqual(kind(ours[k]), kind(theirs[k]), `${k}: ${JSON.stringify(ours[k])}, theirs ${JSON.stringify(theirs[k])}`);
}

run({}, (s, w) => {
	const refused = async (promise, status, code, what = '') => {
		const e = await promise.then(() => null, (x) => x);
		assert.ok(e instanceof RestException, `${what} ${e && e.constructor.name}: ${e && e.stack}`);
		assert.deepStrictEqual([e.status, e.code], [status, code], `${what} ${e.status} ${e.code} ${e.message}, not ${code}`);
		assert.ok(e.message.length > 5);
		assert.strictEqual(e.moreInfo, `https://www.twilio.com/docs/errors/${code}`);
	};
	const make = async (n, over = {}) => {
		const kate = await callee('answer', { calls: n });
		const calls = [];
		for (let i = 0; i < n; i++) calls.push(await w.client.calls.create({ to: kate.uri, from: 'Jack', twiml: HANG_UP, ...over }));
		for (const c of calls) await w.engine.ended(c.sid);
		await kate.ok();
		return calls;
	};

	s.test('a_create_takes_every_option_the_client_knows', async () => {
		const c = w.app.corner();
		c.on('voice', HANG_UP);
		const kate = await callee('answer');
		const created = await w.client.calls.create({
			to: `${kate.uri}?X-a=foo&X-b=bar`, from: 'Jack', url: c.url('voice'), method: 'GET', fallbackUrl: c.url('fallback'), fallbackMethod: 'GET',
			statusCallback: c.url('status'), statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'], statusCallbackMethod: 'POST', sendDigits: '1234#', timeout: 20,
			record: false, recordingChannels: 'dual', recordingStatusCallback: c.url('recording'), recordingStatusCallbackMethod: 'POST', recordingStatusCallbackEvent: ['completed'],
			recordingTrack: 'both', trim: 'trim-silence', sipAuthUsername: 'jack', sipAuthPassword: 'secretone', machineDetectionTimeout: 30,
			machineDetectionSpeechThreshold: 2400, machineDetectionSpeechEndThreshold: 1200, machineDetectionSilenceTimeout: 5000, asyncAmdStatusCallback: c.url('amd'),
			asyncAmdStatusCallbackMethod: 'POST', byoc: `BY${'0'.repeat(32)}`, callReason: 'Reason for the call', callToken: '%7B%7D', timeLimit: 60, callerId: '+15005550006',
		});
		assert.match(created.sid, /^CA[0-9a-f]{32}$/);
		assert.strictEqual(created.status, 'queued');
		assert.strictEqual(created.direction, 'outbound-api');
		assert.strictEqual(created.startTime, null);
		assert.ok(created.dateCreated instanceof Date && created.dateCreated > Date.now() - 60000);
		assert.deepStrictEqual(Object.keys((await w.engine.get(created.uri)).json).sort(), KEYS);
		assert.strictEqual((await w.engine.ended(created.sid)).status, 'completed');
		await kate.ok();
		await c.wait('status', 4);
		assert.strictEqual(c.seen('voice')[0].method, 'GET');
	});

	s.test('fetch_gives_dates_numbers_as_text_and_subresources', async () => {
		const [call] = await make(1);
		const f = await w.client.calls(call.sid).fetch();
		assert.ok(f.startTime instanceof Date && f.endTime instanceof Date && f.endTime >= f.startTime);
		assert.strictEqual(typeof f.duration, 'string');
		assert.strictEqual(typeof f.queueTime, 'string');
		assert.deepStrictEqual(Object.keys(f.subresourceUris).sort(), ['events', 'notifications', 'payments', 'recordings', 'siprec', 'streams', 'transcriptions',
			'user_defined_message_subscriptions', 'user_defined_messages']);
		assert.strictEqual((await f.fetch()).status, 'completed');
	});

	s.test('list_page_and_each_walk_all_calls_while_others_are_made', async () => {
		const sids = (await make(7)).map((c) => c.sid).reverse();
		const mine = (list) => list.map((c) => c.sid).filter((x) => sids.includes(x));
		assert.deepStrictEqual(mine(await w.client.calls.list({ pageSize: 2 })), sids);
		assert.strictEqual((await w.client.calls.list({ limit: 3 })).length, 3);
		// Pages stay as they were although newer calls come in between.
		let page = await w.client.calls.page({ pageSize: 2 });
		const seen = [...page.instances];
		const first = page;
		while (seen.filter((c) => sids.includes(c.sid)).length < 7) {
			await make(1);
			page = await page.nextPage();
			seen.push(...page.instances);
		}
		assert.deepStrictEqual(mine(seen), sids);
		assert.strictEqual(new Set(seen.map((c) => c.sid)).size, seen.length);
		const second = await first.nextPage();
		assert.deepStrictEqual((await second.previousPage()).instances.map((c) => c.sid), first.instances.map((c) => c.sid));
		const each = [];
		await new Promise((resolve, reject) => w.client.calls.each({ limit: 5, callback: (c) => each.push(c.sid), done: (e) => (e ? reject(e) : resolve()) }));
		assert.strictEqual(each.length, 5);
	}, { limit_ms: 90000 });

	s.test('filters_narrow_what_is_listed', async () => {
		const [call] = await make(1, { from: 'Filtered' });
		const of = async (f) => (await w.client.calls.list({ limit: 50, ...f })).map((c) => c.sid);
		const later = new Date(Date.now() + 3 * 86400000), before = new Date(Date.now() - 3 * 86400000);
		assert.deepStrictEqual(await of({ from: 'Filtered' }), [call.sid]);
		assert.deepStrictEqual(await of({ to: call.to }), [call.sid]);
		assert.deepStrictEqual(await of({ from: 'Filtered', status: 'busy' }), []);
		assert.deepStrictEqual(await of({ from: 'Filtered', status: 'completed', startTimeAfter: before, startTimeBefore: later }), [call.sid]);
		assert.deepStrictEqual(await of({ from: 'Filtered', startTimeAfter: later }), []);
		assert.deepStrictEqual(await of({ from: 'Filtered', endTimeBefore: before }), []);
		assert.deepStrictEqual(await of({ parentCallSid: call.sid }), []);
	});

	s.test('update_and_remove', async () => {
		const c = w.app.corner();
		c.on('next', HANG_UP);
		const talk = await callee('answer', { calls: 2 });
		const make_long = async () => {
			const call = await w.client.calls.create({ to: talk.uri, from: 'Jack', twiml: '<Response><Pause length="30"/></Response>' });
			await w.engine.reaches(call.sid, 'in-progress');
			return call;
		};
		const a = await make_long(), b = await make_long();
		await refused(w.client.calls(a.sid).remove(), 400, 20009);
		assert.strictEqual((await w.client.calls(a.sid).update({ url: c.url('next'), method: 'GET' })).sid, a.sid);
		await w.client.calls(b.sid).update({ twiml: HANG_UP });
		for (const x of [a, b]) assert.strictEqual((await w.engine.ended(x.sid)).status, 'completed');
		assert.strictEqual(c.seen('next').length, 1);
		await refused(w.client.calls(a.sid).update({ status: 'completed' }), 400, 21220);
		assert.strictEqual(await w.client.calls(a.sid).remove(), true);
		await refused(w.client.calls(a.sid).fetch(), 404, 20404);
	});

	s.test('every_refusal_is_a_RestException_with_its_code', async () => {
		const ok = { to: 'sip:kate@10.77.0.11', from: 'Jack', twiml: HANG_UP };
		const rows = [[{ to: '' }, 21201], [{ to: 'sip:' }, 21211], [{ to: `sip:${'x'.repeat(250)}@h` }, 21211], [{ from: 'Jack Sparrow' }, 21212],
			[{ twiml: undefined }, 21205], [{ twiml: undefined, url: 'ftp://x/' }, 21205], [{ twiml: 'x'.repeat(4001) }, 32018], [{ url: 'http://a/', method: 'PUT' }, 21209],
			[{ sendDigits: 'x' }, 21206], [{ sendDigits: '1'.repeat(33) }, 21206], [{ timeout: 601 }, 21208], [{ timeLimit: 0 }, 21208],
			[{ statusCallback: 'http://under_score.example/' }, 21609], [{ fallbackUrl: 'x' }, 21205], [{ applicationSid: `AP${'0'.repeat(32)}` }, 21218],
			[{ sipAuthUsername: 'x'.repeat(256), sipAuthPassword: 'y' }, 21221], [{ sipAuthUsername: 'x\u0001', sipAuthPassword: 'y' }, 21222],
			[{ sipAuthUsername: 'x', sipAuthPassword: 'y'.repeat(256) }, 21223], [{ sipAuthUsername: 'x', sipAuthPassword: 'y\u0001' }, 21224],
			[{ sipAuthUsername: 'x' }, 21225], [{ to: `sip:kate@10.77.0.11?X-a=${'y'.repeat(1025)}` }, 21227], [{ to: 'sip:kate@10.77.0.11?X-a=%00' }, 21229],
			[{ machineDetection: 'Perhaps' }, 21234], [{ machineDetection: 'Enable', machineDetectionTimeout: 2 }, 21234],
			[{ machineDetection: 'Enable', machineDetectionSilenceTimeout: 20000 }, 21234]];
		for (const [change, code] of rows) await refused(w.client.calls.create({ ...ok, ...change }), 400, code, JSON.stringify(change).slice(0, 80));
		await refused(twilioClient(SID, 'wrong').calls.list({ limit: 1 }), 401, 20003);
		await refused(w.client.calls(`CA${'0'.repeat(32)}`).fetch(), 404, 20404);
		await refused(w.client.calls('CA123').update({ status: 'completed' }), 404, 20404);
		await refused(w.client.calls.list({ pageSize: 5000 }), 400, 20007);
		await refused(w.client.applications(`AP${'0'.repeat(32)}`).fetch(), 404, 20404);
	}, { limit_ms: 60000 });

	s.test('resources_that_are_not_built_say_so_as_a_RestException', async () => {
		const [call] = await make(1);
		const x = w.client.calls(call.sid), url = 'http://127.0.0.1:8090/x';
		const asked = [x.recordings.create(), x.recordings.list(), x.recordings(`RE${'0'.repeat(32)}`).update({ status: 'paused' }), x.recordings(`RE${'0'.repeat(32)}`).remove(),
			x.streams.create({ url: 'wss://x/' }), x.streams(`MZ${'0'.repeat(32)}`).update({ status: 'stopped' }), x.siprec.create(), x.siprec(`SR${'0'.repeat(32)}`).update({ status: 'stopped' }),
			x.payments.create({ idempotencyKey: 'a', statusCallback: url }), x.transcriptions.create(), x.transcriptions(`GT${'0'.repeat(32)}`).update({ status: 'stopped' }),
			x.userDefinedMessages.create({ content: '{}' }), x.userDefinedMessageSubscriptions.create({ callback: url }),
			x.userDefinedMessageSubscriptions(`ZY${'0'.repeat(32)}`).remove(), w.client.recordings.list(), w.client.recordings(`RE${'0'.repeat(32)}`).fetch(),
			w.client.conferences.list(), w.client.queues.list(), w.client.queues.create({ friendlyName: 'q' })];
		for (const promise of asked) promise.catch(() => undefined); // those behind the first may be refused before they are looked at
		for (const promise of asked) await refused(promise, 501, 20501);
		const xml = await w.engine.get(`${ROOT}/Calls/${call.sid}/Recordings`);
		assert.ok(xml.text.includes('<RestException><Code>20501</Code>'));
	});

	s.test('a_page_by_number_without_its_token_and_other_odd_pages', async () => {
		const pages = await w.engine.get(`${ROOT}/Calls.json?PageSize=1`);
		assert.ok(pages.json.next_page_uri.startsWith(`${ROOT}/Calls.json?`) && pages.json.next_page_uri.includes('PageToken=PA'));
		assert.deepStrictEqual([pages.json.page, pages.json.page_size, pages.json.start, pages.json.end], [0, 1, 0, 0]);
		assert.strictEqual(pages.json.previous_page_uri, null);
		for (const q of ['PageSize=0', 'PageSize=x', 'PageToken=PAforged']) {
			const r = await w.engine.get(`${ROOT}/Calls.json?${q}`);
			assert.ok(r.status === 400 && r.json.code > 0, `${q}: ${r.status} ${r.text}`);
		}
		const empty = await w.engine.get(`${ROOT}/Calls.json?To=nobody`);
		assert.deepStrictEqual([empty.json.calls, empty.json.end, empty.json.next_page_uri], [[], 0, null]);
	});

	s.test('bodies_have_the_shape_that_the_makers_of_the_clients_print', async () => {
		const fixture = vectors();
		const [call] = await make(1);
		same_shape((await w.engine.get(`${ROOT}/Calls/${call.sid}.json`)).json, fixture('Call__CreateResponse__201'));
		const app = await w.engine.post(`${ROOT}/Applications.json`, { FriendlyName: 'a' });
		assert.strictEqual(app.status, 201);
		same_shape(app.json, fixture('Application__CreateResponse__201'));
		same_shape((await w.engine.get(`${ROOT}/Applications/${app.json.sid}.json`)).json, fixture('Application__FetchResponse__200'));
		const list = fixture('Call__ReadEmptyDateFunDateFormatsResponse__200');
		const ours = (await w.engine.get(`${ROOT}/Calls.json?To=nobody`)).json;
		for (const k of ['calls', 'first_page_uri', 'next_page_uri', 'previous_page_uri', 'page', 'page_size', 'start', 'end', 'uri']) {
			assert.ok(k in list && k in ours, k);
			assert.strictEqual(kind(ours[k]), kind(list[k]), k);
		}
	});

	s.test('after_all_of_it_no_call_is_left', async () => {
		await until(async () => (await w.engine.metrics()).dialplane_calls_live === 0, 'no live call');
	});
});
