// SPDX-License-Identifier: Apache-2.0
// Bad input by REST, by TwiML and from the user's web servers: a clear error with its code, nothing disturbed.
'use strict';

const assert = require('assert');
const http = require('http');
const net = require('net');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { SID, twilioClient } = require('./lib/engine');
const { until } = require('./lib/tap');

const response = (inner) => `<Response>${inner}</Response>`;
const OK = response('<Hangup/>');

// A web server that misbehaves: handler(req, res, socket).
function server(port, handler) {
	const h = http.createServer(handler);
	return new Promise((resolve) => h.listen(port, '127.0.0.1', () => resolve({
		close() { h.closeAllConnections(); h.close(); },
	})));
}

// Rings of 16 slots; that a full one is back-pressure is tested with the bridge and the worker.
run({ limits: { ring_slots: 16 } }, (s, w) => {
	const list = `/2010-04-01/Accounts/${SID}/Calls.json`;

	function refused(name, form, status, code, text) {
		s.race(name, async () => {
			const before = w.wire.find({ method: 'INVITE' }).length;
			const r = await w.engine.post(list, form);
			assert.deepStrictEqual([r.status, r.json && r.json.code, r.json && r.json.status], [status, code, status], r.text);
			assert.strictEqual(typeof r.json.message, 'string');
			assert.match(r.json.more_info, new RegExp(`/${code}$`));
			assert.strictEqual(r.json.title, undefined);
			if (text) assert.match(r.json.message, text);
			assert.ok(before >= 0);
		});
	}

	const to = 'sip:kate@10.77.0.11:5060';
	refused('to_is_required', { From: 'Jack', Twiml: OK }, 400, 21201);
	refused('url_or_twiml_is_required', { From: 'Jack', To: to }, 400, 21205);
	refused('a_bad_url_is_refused', { From: 'Jack', To: to, Url: 'ftp://x/y' }, 400, 21205);
	refused('a_bad_sip_uri_is_refused', { From: 'Jack', To: 'sip:@@', Twiml: OK }, 400, 21211);
	refused('a_uri_of_255_characters_is_refused', { From: 'Jack', To: `sip:${'k'.repeat(255 - 4 - 11)}@10.77.0.11`, Twiml: OK }, 400, 21211);
	refused('a_header_part_of_1024_characters_is_refused', { From: 'Jack', To: `${to}?X-a=${'v'.repeat(1020)}`, Twiml: OK }, 400, 21227);
	refused('a_line_break_in_a_header_is_refused', { From: 'Jack', To: `${to}?X-a=b%0d%0aX-c:d`, Twiml: OK }, 400, 21229);
	refused('a_from_with_a_space_is_refused', { From: 'Jack Miller', To: to, Twiml: OK }, 400, 21212);
	refused('a_bad_method_is_refused', { From: 'Jack', To: to, Url: 'http://127.0.0.1:8090/x', Method: 'PUT' }, 400, 21209);
	refused('a_bad_timeout_is_refused', { From: 'Jack', To: to, Twiml: OK, Timeout: 'soon' }, 400, 21208);
	refused('twiml_of_4001_characters_is_refused', { From: 'Jack', To: to, Twiml: response(`<Say>${'x'.repeat(4001)}</Say>`) }, 400, 32018);

	s.race('a_uri_of_254_characters_is_dialled', async () => {
		const kate = await callee('answer');
		const tail = `@10.77.0.11:${kate.port}`;
		const uri = `sip:${'k'.repeat(254 - 4 - tail.length)}${tail}`;
		assert.strictEqual(uri.length, 254);
		const r = await w.engine.create({ To: uri, Twiml: OK });
		assert.strictEqual(r.status, 201, r.text);
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
		await kate.ok();
	});

	s.race('an_unknown_parameter_is_ignored', async () => {
		const kate = await callee('refuse', { code: 486 });
		const r = await w.engine.create({ To: kate.uri, Twiml: OK, Frobnicate: '1' });
		assert.strictEqual(r.status, 201, r.text);
		await w.engine.ended(r.json.sid);
		await kate.ok();
	});

	s.race('a_header_that_is_not_allowed_is_dropped_and_the_call_goes_on', async () => {
		const kate = await callee('answer');
		const r = await w.engine.create({ To: `${kate.uri}?mycustomheader=foo&X-Twilio-CallSid=CAfake&X-good=1`, Twiml: OK });
		assert.strictEqual(r.status, 201, r.text);
		await w.engine.ended(r.json.sid);
		await kate.ok();
		const inv = (await w.wire.wait({ method: 'INVITE', dst: kate.addr }));
		assert.deepStrictEqual([inv.header('mycustomheader'), inv.all('X-Twilio-CallSid'), inv.header('X-good')],
			[undefined, [r.json.sid], '1']);
	});

	s.race('a_wrong_token_is_told_so_by_the_official_client', async () => {
		await assert.rejects(twilioClient(SID, 'wrong').calls.list(), (e) => e.status === 401 && e.code === 20003);
	});
	s.race('no_credentials_at_all', async () => {
		const r = await w.engine.get(list, { auth: null });
		assert.deepStrictEqual([r.status, r.json.code], [401, 20003]);
		assert.match(r.headers['www-authenticate'] || '', /^Basic/);
	});
	s.race('another_account_in_the_path_is_not_found', async () => {
		const r = await w.engine.get(`/2010-04-01/Accounts/AC${'f'.repeat(32)}/Calls.json`);
		assert.deepStrictEqual([r.status, r.json.code], [404, 20404]);
	});
	s.race('an_unknown_call_is_not_found', async () => {
		await assert.rejects(w.client.calls(`CA${'0'.repeat(32)}`).fetch(), (e) => e.status === 404 && e.code === 20404);
	});
	s.race('a_page_size_beyond_1000_is_refused', async () => {
		const r = await w.engine.get(`${list}?PageSize=5000`);
		assert.deepStrictEqual([r.status, r.json.code], [400, 20007]);
	});
	s.race('a_method_that_is_not_there', async () => {
		const r = await w.engine.request('PUT', list, '', {});
		assert.deepStrictEqual([r.status, r.json.code], [405, 20004]);
	});
	s.race('a_body_of_a_megabyte_is_refused_and_the_next_request_served', async () => {
		const r = await w.engine.post(list, `To=${'x'.repeat(1 << 20)}`).catch((e) => ({ status: 413, e }));
		assert.strictEqual(r.status, 413);
		assert.strictEqual((await w.engine.get(list)).status, 200);
	});
	s.race('half_a_request_and_silence_disturb_nobody', async () => {
		const half = net.connect(8080, '127.0.0.1');
		half.on('error', () => {});
		half.write(`POST ${list} HTTP/1.1\r\nHost: x\r\nContent-Le`);
		assert.strictEqual((await w.engine.get(list)).status, 200);
		half.destroy();
	});

	// TwiML and web servers: the call was answered, then its document is of no use. It ends; a notification says why.
	async function document(name, url, code, prepare) {
		const kate = await callee('answer');
		const c = w.app.corner();
		if (prepare) prepare(c);
		const r = await w.engine.create({ To: kate.uri, Url: url || c.url('voice'), StatusCallback: c.url('status') });
		assert.strictEqual(r.status, 201, r.text);
		await c.wait('status', 1, 15000);
		await kate.ok();
		await w.engine.ended(r.json.sid);
		let codes = [];
		await until(() => {
			codes = w.engine.rows('SELECT * FROM notes').filter((n) => Object.values(n).includes(r.json.sid)).map((n) => n.code);
			return codes.includes(code);
		}, () => `notification ${code} of ${name}; there are ${codes}`, 4000, 200);
	}
	const bad = (name, code, doc) => s.race(name, () => document(name, null, code, (c) => c.on('voice', doc)));
	bad('twiml_that_is_not_xml', 12100, (req, res) => 'hello, this is not XML <');
	bad('twiml_with_a_wrong_root', 12102, '<Answer><Hangup/></Answer>');
	bad('twiml_with_a_document_type_is_not_expanded', 12100,
		'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Response><Say>&b;</Say></Response>');
	bad('twiml_larger_than_64_kb', 11750, response(`<Say>${'x'.repeat(70000)}</Say>`));
	bad('twiml_nested_too_deep', 12100, response('<Say>'.repeat(3000)));
	bad('a_document_of_a_wrong_type', 12300, (req, res) => { res.type('image/png').send('x'); });
	bad('a_verb_that_is_not_built_yet_is_told_and_skipped', 12200, response('<Frobnicate/><Hangup/>'));
	bad('an_application_that_answers_500', 11200, (req, res) => { res.status(500).send('no'); });
	bad('an_application_that_never_answers', 11200, () => undefined);
	s.race('an_application_that_redirects_for_ever', async () => {
		let asked = 0;
		const srv = await server(8092, (req, res) => { asked++; res.writeHead(307, { Location: `/${asked}` }).end(); });
		await document('redirects', 'http://127.0.0.1:8092/#tt=10000', 11215);
		assert.ok(asked <= 12, `${asked} requests`);
		srv.close();
	});

	s.race('a_host_that_does_not_resolve', () => document('nxdomain', 'http://nowhere.e2e.test/', 11210));
	s.race('a_port_that_refuses', () => document('refused', 'http://127.0.0.1:9/', 11205));
	s.race('a_private_address_that_is_not_allowed', () => document('policy', 'http://127.0.0.2:8090/', 11210));
	s.race('the_fallback_url_is_asked_when_the_first_fails_and_told_why', async () => {
		const kate = await callee('answer');
		const c = w.app.corner();
		c.on('voice', (req, res) => { res.status(503).send('no'); });
		c.on('fallback', OK);
		const r = await w.engine.create({ To: kate.uri, Url: c.url('voice'), FallbackUrl: c.url('fallback') });
		const [row] = await c.wait('fallback');
		assert.deepStrictEqual([row.params.ErrorCode, row.params.ErrorUrl, row.valid], ['11200', c.url('voice'), true]);
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
		await kate.ok();
	});
	s.race('what_went_wrong_is_listed_by_the_official_client', async () => {
		const kate = await callee('answer');
		const c = w.app.corner();
		c.on('voice', response('<Say>hello</Say><Hangup/>'));
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice'), sendDigits: '1' });
		await w.engine.ended(made.sid);
		const notes = await until(async () => {
			const l = await w.client.calls(made.sid).notifications.list();
			return l.length >= 2 ? l : null;
		}, 'two notifications');
		assert.deepStrictEqual(notes.map((n) => [n.errorCode, n.log]).sort(), [['12200', '1'], ['20001', '1']]);
		assert.ok(notes.some((n) => /Say/.test(n.messageText)));
		await kate.ok();
	});
	s.race('ten_megabytes_are_not_read', async () => {
		let sent = 0;
		const srv = await server(8091, (req, res) => {
			const chunk = Buffer.alloc(65536, 'x');
			res.writeHead(200, { 'Content-Type': 'text/xml' });
			const more = () => {
				while (sent < 10e6 && !res.destroyed) { sent += chunk.length; if (!res.write(chunk)) return res.once('drain', more); }
				return res.end();
			};
			more();
		});
		await document('10 MB', 'http://127.0.0.1:8091/', 11750);
		assert.ok(sent < 9e6, `${sent} bytes taken`);
		srv.close();
	});
	s.race('a_target_that_is_not_allowed_is_not_called', async () => {
		const c = w.app.corner();
		const r = await w.engine.create({ To: 'sip:x@192.168.77.1', Twiml: OK, StatusCallback: c.url('status') });
		if (r.status === 201) assert.strictEqual((await c.wait('status'))[0].params.CallStatus, 'failed');
		else assert.strictEqual(r.status, 400);
		assert.strictEqual(w.wire.find({ method: 'INVITE', dst: '192.168.77.1' }).length, 0);
	});
	s.race('a_sip_host_that_does_not_resolve_fails_the_call', async () => {
		const c = w.app.corner();
		const r = await w.engine.create({ To: 'sip:x@nowhere.e2e.test', Twiml: OK, StatusCallback: c.url('status') });
		assert.strictEqual(r.status, 201, r.text);
		assert.strictEqual((await c.wait('status'))[0].params.CallStatus, 'failed');
	});

	s.test('after_all_of_it_a_call_goes_through', async () => {
		const kate = await callee('answer');
		const r = await w.engine.create({ To: kate.uri, Twiml: OK });
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
		await kate.ok();
	});
	s.test('a_burst_against_rings_of_16_slots_is_served_or_refused_with_429_and_nothing_is_lost', async () => {
		const kate = await callee('answer', { calls: 100, delay_ms: 20 });
		const c = w.app.corner();
		const answers = await Promise.all(Array.from({ length: 100 }, () =>
			w.engine.create({ To: kate.uri, Twiml: OK, StatusCallback: c.url('status') })));
		for (const r of answers) assert.ok(r.status === 201 || (r.status === 429 && r.json.code === 20429), r.text);
		const made = answers.filter((r) => r.status === 201).map((r) => r.json.sid);
		assert.ok(made.length > 0);
		const told = await c.wait('status', made.length, 20000);
		assert.deepStrictEqual(told.map((r) => r.params.CallSid).sort(), made.sort());
		assert.deepStrictEqual([...new Set(told.map((r) => r.params.CallStatus))], ['completed']);
		kate.stop();
	});
	s.test('no_secret_is_in_the_log', async () => {
		const { TOKEN } = require('./lib/engine');
		assert.ok(!w.engine.log(1e7).includes(TOKEN));
	});
});
