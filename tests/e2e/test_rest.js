// SPDX-License-Identifier: Apache-2.0
// The REST face as Twilio's own client and its published schema see it, with real SIP behind it.
'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Engine, twilioClient, SID } = require('./lib/engine');
const { until, sleep } = require('./lib/tap');
const host = require('./lib/host');

const SID2 = `AC${'fedcba9876543210'.repeat(2)}`;
const KEY = `SK${'00112233445566778899aabbccddeeff'}`;
const ROOT = `/2010-04-01/Accounts/${SID}`;
const HANG_UP = '<Response><Hangup/></Response>';
const settings = {
	accounts: [{ sid: SID, token: 'e2etoken0123456789' }, { sid: SID2, token: 'othertoken012345' }],
	api_keys: [{ sid: KEY, account: SID, secret: 'keysecret0123456' }],
	limits: { account_calls: 40 },
};

function schemas() {
	const dirs = [process.env.DIALPLANE_REFERENCE, path.join(host.ROOT, '..', 'shared', 'reference')].filter(Boolean);
	for (const d of dirs) {
		try { return JSON.parse(fs.readFileSync(path.join(d, 'twilio_api_v2010.json'), 'utf8')).components.schemas; } catch { /* next */ }
	}
	return null;
}

const RFC2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/;

// Differences between a value and its schema: every property there, of its type, in its format; nothing unknown.
function differences(all, name, value) {
	const bad = [];
	const check = (schema, v, at) => {
		if (schema.$ref) schema = all[schema.$ref.replace('#/components/schemas/', '')];
		if (v === null) { if (!schema.nullable) bad.push(`${at} is null`); return; }
		if (schema.type === 'array') return Array.isArray(v) ? v.forEach((x, i) => check(schema.items, x, `${at}[${i}]`)) : bad.push(`${at} is no array`);
		const type = typeof v;
		if (schema.type === 'integer') { if (!Number.isInteger(v)) bad.push(`${at} is no integer`); return; }
		if (schema.type && type !== schema.type) bad.push(`${at} is a ${type}`);
		if (schema.enum && !schema.enum.includes(v)) bad.push(`${at} is ${v}`);
		if (schema.format === 'date-time-rfc-2822' && !RFC2822.test(v)) bad.push(`${at} is ${v}`);
		if (schema.format === 'uri' && v && !/^https?:\/\//.test(v)) bad.push(`${at} is ${v}`);
		if (schema.pattern && !new RegExp(schema.pattern).test(v)) bad.push(`${at} is ${v}`);
		if (!schema.properties) return;
		for (const k of Object.keys(schema.properties)) {
			if (v[k] === undefined) bad.push(`${at}.${k} is missing`);
			else check(schema.properties[k], v[k], `${at}.${k}`);
		}
		for (const k of Object.keys(v)) if (!(k in schema.properties)) bad.push(`${at}.${k} is unknown`);
	};
	if (!all[name]) throw new Error(`the schema has no ${name}`);
	check(all[name], value, name.split('.').pop());
	return bad;
}

run(settings, (s, w) => {
	const all = schemas();
	const fits = (name, value) => {
		if (all) assert.deepStrictEqual(differences(all, `api.v2010.account${name}`, value), []);
	};
	const make = async (over = {}) => {
		const kate = await callee('answer');
		const r = await w.engine.create({ To: kate.uri, Twiml: HANG_UP, ...over });
		assert.strictEqual(r.status, 201, r.text);
		const row = await w.engine.ended(r.json.sid);
		await kate.ok();
		return { created: r.json, row };
	};

	s.test('every_answer_fits_the_published_schema', async () => {
		if (!all) process.stdout.write('# no schema beside the checkout: only the shape is looked at\n');
		const c = w.app.corner();
		c.on('status', (req, res) => { res.status(404).end('gone'); });
		const { created, row } = await make({ StatusCallback: c.url('status') });
		fits('.call', created);
		fits('.call', row);
		await until(async () => (await w.engine.get(`${ROOT}/Calls/${row.sid}/Notifications.json`)).json.notifications.length > 0, 'a notification');
		for (const r of (await w.engine.get(`${ROOT}/Calls.json?PageSize=5`)).json.calls) fits('.call', r);
		const list = (await w.engine.get(`${ROOT}/Calls/${row.sid}/Notifications.json`)).json.notifications;
		list.forEach((n) => fits('.call.call_notification', n));
		const one = (await w.engine.get(`${ROOT}/Calls/${row.sid}/Notifications/${list[0].sid}.json`)).json;
		fits('.call.call_notification-instance', one);
		assert.ok(one.request_variables.includes(`CallSid=${row.sid}`));
		assert.strictEqual(one.response_body, 'gone');
		for (const n of (await w.engine.get(`${ROOT}/Notifications.json`)).json.notifications) fits('.notification', n);
		fits('.notification-instance', (await w.engine.get(`${ROOT}/Notifications/${list[0].sid}.json`)).json);
		const events = (await w.engine.get(`${ROOT}/Calls/${row.sid}/Events.json`)).json.events;
		assert.ok(events.length > 0);
		events.forEach((e) => fits('.call.call_event', e));
		fits('', (await w.engine.get(`${ROOT}.json`)).json);
		const app = await w.engine.post(`${ROOT}/Applications.json`, { FriendlyName: 'a', VoiceUrl: c.url('voice') });
		assert.strictEqual(app.status, 201, app.text);
		fits('.application', app.json);
		assert.strictEqual((await w.engine.request('DELETE', `${ROOT}/Applications/${app.json.sid}.json`, null, {})).status, 204);
	}, { limit_ms: 30000 });

	s.test('events_show_each_try_with_its_times_and_what_comes_next', async () => {
		const c = w.app.corner();
		let n = 0;
		c.on('voice', (req, res) => { if (++n < 3) res.status(503).send('busy'); else res.type('text/xml').send(HANG_UP); });
		const { row } = await make({ Twiml: '', Url: `${c.url('voice')}#rc=2&rp=5xx` });
		assert.strictEqual(row.status, 'completed');
		const list = await w.client.calls(row.sid).events.list();
		assert.deepStrictEqual(list.map((e) => [e.request.attempt, e.response.response_code]), [[1, 503], [2, 503], [3, 200]]);
		assert.ok(list.every((e) => e.request.parameters.CallSid === row.sid && e.response.total_us > 0 && e.response.first_byte_us > 0));
		assert.match(list[0].response.next_step, /again/);
		const seen = c.seen('voice');
		assert.strictEqual(new Set(seen.map((r) => r.headers['i-twilio-idempotency-token'])).size, 1);
		assert.ok(seen.every((r) => r.valid));
	});

	s.test('a_wrong_connection_override_is_told_and_the_request_sent_without_it', async () => {
		const c = w.app.corner();
		c.on('voice', HANG_UP);
		const { row } = await make({ Twiml: '', Url: `${c.url('voice')}#ct=7` });
		assert.strictEqual(row.status, 'completed');
		assert.deepStrictEqual((await w.client.calls(row.sid).notifications.list()).map((x) => x.errorCode), ['11241']);
	});

	s.test('cookies_of_the_application_are_kept_for_the_call_and_not_for_the_next', async () => {
		const c = w.app.corner();
		c.on('voice', (req, res) => { res.cookie('seen', '1'); res.type('text/xml').send(`<Response><Redirect>${c.url('two')}</Redirect></Response>`); });
		c.on('two', HANG_UP);
		await make({ Twiml: '', Url: c.url('voice') });
		await make({ Twiml: '', Url: c.url('voice') });
		assert.deepStrictEqual(c.seen('two').map((r) => r.headers.cookie), ['seen=1', 'seen=1']);
		assert.deepStrictEqual(c.seen('voice').map((r) => r.headers.cookie), [undefined, undefined]);
	});

	s.test('an_application_is_made_changed_used_listed_and_removed_by_the_official_client', async () => {
		const c = w.app.corner();
		c.on('voice', HANG_UP);
		const app = await w.client.applications.create({ friendlyName: 'Müller & Söhne', voiceUrl: c.url('nowhere') });
		assert.match(app.sid, /^AP[0-9a-f]{32}$/);
		assert.strictEqual((await w.client.applications(app.sid).update({ voiceUrl: c.url('voice'), voiceMethod: 'GET' })).voiceMethod, 'GET');
		assert.strictEqual((await w.client.applications(app.sid).fetch()).friendlyName, 'Müller & Söhne');
		assert.deepStrictEqual((await w.client.applications.list({ friendlyName: 'Müller & Söhne' })).map((x) => x.sid), [app.sid]);
		const kate = await callee('answer');
		const call = await w.client.calls.create({ to: kate.uri, from: 'Jack', applicationSid: app.sid });
		assert.strictEqual((await w.engine.ended(call.sid)).status, 'completed');
		await kate.ok();
		assert.strictEqual(c.seen('voice')[0].method, 'GET');
		assert.strictEqual(await w.client.applications(app.sid).remove(), true);
		await assert.rejects(w.client.calls.create({ to: kate.uri, from: 'Jack', applicationSid: app.sid }), { code: 21218 });
	});

	s.test('a_call_is_deleted_when_it_has_ended_and_not_before', async () => {
		const talk = await callee('answer');
		const r = await w.engine.create({ To: talk.uri, Twiml: '<Response><Pause length="30"/></Response>' });
		await w.engine.reaches(r.json.sid, 'in-progress');
		await assert.rejects(w.client.calls(r.json.sid).remove(), { status: 400, code: 20009 });
		await w.client.calls(r.json.sid).update({ status: 'completed' });
		await w.engine.ended(r.json.sid);
		assert.strictEqual(await w.client.calls(r.json.sid).remove(), true);
		await assert.rejects(w.client.calls(r.json.sid).fetch(), { status: 404, code: 20404 });
		await assert.rejects(w.client.calls(r.json.sid).remove(), { status: 404 });
		assert.strictEqual((await w.engine.get(`${ROOT}/Calls/${r.json.sid}/Events.json`)).status, 404);
	});

	s.test('without_an_extension_the_answer_is_xml_and_lists_come_as_csv_too', async () => {
		const { row } = await make();
		const x = await w.engine.get(`${ROOT}/Calls/${row.sid}`);
		assert.match(x.headers['content-type'], /^application\/xml/);
		assert.ok(x.text.includes(`<TwilioResponse><Call><Sid>${row.sid}</Sid>`));
		assert.ok(x.text.includes(`<Uri>${ROOT}/Calls/${row.sid}</Uri>`));
		const list = await w.engine.get(`${ROOT}/Calls.xml?PageSize=2`);
		assert.match(list.text, /<Calls firstpageuri="[^"]*" nextpageuri="[^"]*&amp;PageToken=[^"]*"/);
		assert.strictEqual(list.text.match(/<Call>/g).length, 2);
		const missing = await w.engine.get(`${ROOT}/Calls/CA00000000000000000000000000000000`);
		assert.ok(missing.text.includes('<RestException><Code>20404</Code>') && missing.status === 404);
		const csv = await w.engine.get(`${ROOT}/Calls.csv?PageSize=3`);
		assert.match(csv.headers['content-type'], /^text\/csv/);
		const lines = csv.text.trim().split('\r\n');
		assert.strictEqual(lines.length, 4);
		assert.ok(lines[0].startsWith('"Sid","AccountSid"') && lines[1].startsWith(`"${row.sid}","${SID}"`));
	});

	s.test('an_api_key_stands_for_its_account_and_accounts_do_not_see_each_other', async () => {
		const { row } = await make();
		const key = (secret) => w.engine.get(`${ROOT}/Calls/${row.sid}.json`, { auth: `${KEY}:${secret}` });
		assert.strictEqual((await key('keysecret0123456')).status, 200);
		assert.strictEqual((await key('wrong')).status, 401);
		const other = twilioClient(SID2, 'othertoken012345');
		await assert.rejects(other.calls(row.sid).fetch(), { status: 404 });
		assert.deepStrictEqual(await other.calls.list({ limit: 5 }), []);
		assert.deepStrictEqual((await other.api.v2010.accounts.list()).map((a) => a.sid), [SID2]);
		assert.strictEqual((await w.engine.get(`${ROOT}.json`, { auth: `${SID2}:othertoken012345` })).status, 404);
	});

	s.test('calls_are_listed_by_when_they_ended', async () => {
		const { row } = await make();
		const day = new Date(row.end_time).toISOString().slice(0, 10);
		const later = new Date(Date.now() + 3 * 86400000);
		assert.ok((await w.client.calls.list({ endTime: new Date(day), limit: 200 })).some((x) => x.sid === row.sid));
		assert.ok((await w.client.calls.list({ endTimeBefore: later, limit: 200 })).some((x) => x.sid === row.sid));
		assert.deepStrictEqual(await w.client.calls.list({ endTimeAfter: later, limit: 200 }), []);
		assert.deepStrictEqual((await w.engine.get(`${ROOT}/Notifications.json?MessageDate%3C=2001-01-01`)).json.notifications, []);
	});

	s.test('a_dead_application_does_not_slow_the_calls_of_another', async () => {
		const dead = [];
		const sink = require('net').createServer((x) => { dead.push(x); x.on('error', () => {}); });
		await new Promise((r) => sink.listen(8091, '127.0.0.1', r));
		const c = w.app.corner();
		c.on('voice', HANG_UP);
		const timed = async () => { const t = Date.now(); await make({ Twiml: '', Url: c.url('voice') }); return Date.now() - t; };
		const alone = await timed();
		const talk = await callee('answer', { calls: 30 });
		const hung = [];
		for (let i = 0; i < 30; i++) hung.push((await w.engine.create({ To: talk.uri, Url: 'http://127.0.0.1:8091/x' })).json.sid);
		const beside = await timed();
		for (const sid of hung) await w.engine.ended(sid, 20000);
		sink.close();
		dead.forEach((x) => x.destroy());
		talk.stop();
		process.stdout.write(`# a call alone ${alone} ms, beside 30 whose application hangs ${beside} ms\n`);
		assert.ok(beside < alone + 1000, `${alone} ms alone, ${beside} ms beside`);
	}, { limit_ms: 60000 });

	s.test('an_account_has_no_more_calls_up_than_its_limit', async () => {
		const ring = await callee('ring', { calls: 60 });
		const got = [];
		for (let i = 0; i < 45; i++) got.push(await w.engine.create({ To: ring.uri, Twiml: HANG_UP, Timeout: '60' }));
		assert.strictEqual(got.filter((r) => r.status === 201).length, 40);
		assert.ok(got.filter((r) => r.status !== 201).every((r) => r.status === 400 && r.json.code === 10004));
		const made = got.filter((r) => r.status === 201);
		for (const r of made) await w.client.calls(r.json.sid).update({ status: 'canceled' });
		for (const r of made) await w.engine.ended(r.json.sid);
		ring.stop();
		await sleep(200);
	}, { limit_ms: 60000 });

	s.test('calls_beyond_the_rate_of_their_account_wait_in_order_and_can_be_canceled_meanwhile', async () => {
		await w.engine.stop();
		const e = await new Engine({ ...settings, limits: { calls_per_second: 4 } }, 'rate').start();
		const kate = await callee('answer', { calls: 4 });
		const make = async () => (await e.create({ To: kate.uri, Twiml: HANG_UP })).json;
		const rows = [await make(), await make(), await make(), await make(), await make()];
		const waits = rows.map((r) => Number(r.queue_time));
		assert.strictEqual(waits[0], 0);
		for (let i = 1; i < 5; i++) assert.ok(waits[i] > waits[i - 1] && waits[i] <= i * 250, String(waits));
		assert.strictEqual((await e.post(`${e.calls()}/${rows[4].sid}.json`, { Status: 'canceled' })).status, 200);
		for (const r of rows.slice(0, 4)) assert.strictEqual((await e.ended(r.sid)).status, 'completed');
		assert.strictEqual((await e.ended(rows[4].sid)).status, 'canceled');
		await kate.ok();
		await e.stop();
		await w.engine.start();
	}, { limit_ms: 60000 });
});
