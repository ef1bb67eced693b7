// SPDX-License-Identifier: Apache-2.0
// Applications that misbehave: what they do is over in the time the contract gives them, the fallback takes over, and
// nobody else's calls notice. And those that speak HTTP/2.
'use strict';

const assert = require('assert');
const { spawnSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const net = require('net');
const path = require('path');
const zlib = require('zlib');
const host = require('./lib/host');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Engine } = require('./lib/engine');
const { until, sleep } = require('./lib/tap');

const HANG_UP = '<Response><Hangup/></Response>';
const settings = { webhook: { connect_ms: 1000, total_ms: 2000, failures: 0 } };
const open = [];

// Listens on a port of 127.0.0.1; what it does with each connection is the test's.
function server(port, fn) {
	return new Promise((resolve) => {
		const s = net.createServer((c) => { open.push(c); c.on('error', () => {}); fn(c); });
		open.push({ destroy: () => s.close() });
		s.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${port}/voice`));
	});
}

function certificate(dir) {
	const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=app',
		'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', path.join(dir, 'app-key.pem'), '-out', path.join(dir, 'app-cert.pem')]);
	assert.strictEqual(r.status, 0, String(r.stderr));
	return { key: fs.readFileSync(path.join(dir, 'app-key.pem')), cert: fs.readFileSync(path.join(dir, 'app-cert.pem')) };
}

run(settings, (s, w) => {
	// A call whose document is at url: its fallback was asked, and when (ms after the answer).
	const falls_back = async (url, code, from_ms, to_ms) => {
		const c = w.app.corner();
		c.on('fallback', HANG_UP);
		const kate = await callee('answer');
		const r = await w.engine.create({ To: kate.uri, Url: url, FallbackUrl: c.url('fallback') });
		assert.strictEqual(r.status, 201, r.text);
		const [asked] = await c.wait('fallback');
		const row = await w.engine.ended(r.json.sid);
		assert.strictEqual(row.status, 'completed');
		assert.strictEqual(asked.params.ErrorCode, String(code));
		assert.strictEqual(asked.params.ErrorUrl, url.split('#')[0] === url ? url : asked.params.ErrorUrl);
		const events = await w.client.calls(r.json.sid).events.list();
		const took = events[0].response.total_us / 1000;
		assert.ok(took >= from_ms && took <= to_ms, `${took} ms, not ${from_ms} … ${to_ms}`);
		assert.ok((await w.client.calls(r.json.sid).notifications.list()).some((n) => n.errorCode === String(code)));
		return events;
	};

	s.race('one_that_hangs_has_until_the_total_time', async () => {
		await falls_back(await server(8101, () => {}), 11200, 1950, 3500);
	});

	s.race('one_that_hangs_has_as_long_as_its_url_says', async () => {
		await falls_back(`${await server(8102, () => {})}#rt=300`, 11200, 290, 1500);
	});

	s.race('one_that_trickles_has_until_the_total_time', async () => {
		await falls_back(await server(8103, (c) => {
			c.write('HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n');
			const t = setInterval(() => c.write('<'), 100);
			c.on('close', () => clearInterval(t));
		}), 11200, 1950, 3500);
	});

	s.race('one_that_resets_the_connection_fails_at_once', async () => {
		await falls_back(await server(8104, (c) => c.on('data', () => c.resetAndDestroy())), 11200, 0, 1000);
	});

	s.race('one_that_redirects_in_circles_is_left_after_ten', async () => {
		let hops = 0;
		const s2 = http.createServer((req, res) => { hops++; res.writeHead(307, { Location: `/voice?${hops}` }); res.end(); });
		await new Promise((r) => s2.listen(8105, '127.0.0.1', r));
		await falls_back('http://127.0.0.1:8105/voice', 11215, 0, 1500);
		assert.strictEqual(hops, 11);
		s2.closeAllConnections();
		s2.close();
	});

	s.race('one_that_sends_a_gzip_bomb_is_stopped_at_64_kb', async () => {
		const bomb = zlib.gzipSync(Buffer.alloc(20 << 20, ' '));
		await falls_back(await server(8106, (c) => c.on('data', () => {
			c.write(`HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
			c.write(bomb);
		})), 11750, 0, 1500);
	});

	s.race('one_that_answers_500_four_times_is_asked_a_fifth_time', async () => {
		const c = w.app.corner();
		let n = 0;
		c.on('voice', (req, res) => { if (++n < 5) res.status(500).send('no'); else res.type('text/xml').send(HANG_UP); });
		const kate = await callee('answer');
		const r = await w.engine.create({ To: kate.uri, Url: `${c.url('voice')}#rc=5&rp=5xx` });
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
		assert.deepStrictEqual((await w.client.calls(r.json.sid).events.list()).map((e) => e.response.response_code), [500, 500, 500, 500, 200]);
		assert.deepStrictEqual(await w.client.calls(r.json.sid).notifications.list(), []);
	});

	s.race('one_that_answers_two_responses_to_one_request_gets_no_second_request_on_it', async () => {
		let connections = 0;
		const url = await server(8107, (c) => {
			connections++;
			c.on('data', () => c.write('HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 30\r\n\r\n<Response><Hangup/></Response>HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 11\r\n\r\n<Response/>'));
		});
		for (let i = 0; i < 2; i++) {
			const kate = await callee('answer');
			const r = await w.engine.create({ To: kate.uri, Url: url });
			assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
			await kate.ok();
		}
		assert.strictEqual(connections, 2);
	});

	s.test('calls_of_others_are_as_quick_beside_all_of_them', async () => {
		const c = w.app.corner();
		c.on('voice', HANG_UP);
		const timed = async () => {
			const kate = await callee('answer', { delay_ms: 0 });
			const from = Date.now();
			const r = await w.engine.create({ To: kate.uri, Url: c.url('voice') });
			await w.engine.ended(r.json.sid);
			const ms = Date.now() - from;
			await kate.ok();
			return ms;
		};
		const best = async () => Math.min(await timed(), await timed(), await timed());
		const alone = await best();
		const talk = await callee('answer', { calls: 40 });
		const made = [];
		for (let i = 0; i < 40; i++) made.push((await w.engine.create({ To: talk.uri, Url: `http://127.0.0.1:${8101 + 2 * (i % 2)}/voice` })).json.sid);
		await until(async () => (await w.engine.metrics()).dialplane_webhooks_in_flight >= 20, 'requests that hang');
		const beside = await best();
		for (const sid of made) await w.engine.ended(sid, 20000);
		talk.stop();
		process.stdout.write(`# a call alone ${alone} ms, beside 40 whose applications hang or trickle ${beside} ms\n`);
		assert.ok(beside < alone + 500, `${alone} ms alone, ${beside} ms beside`);
	}, { limit_ms: 60000 });

	s.test('http2_is_spoken_to_who_offers_it_over_few_connections', async () => {
		await w.engine.stop();
		const seen = [];
		let sessions = 0;
		const app = http2.createSecureServer({ ...certificate(host.dir()), allowHTTP1: true }, (req, res) => {
			const row = { version: req.httpVersion, path: req.url, signature: req.headers['x-twilio-signature'], body: '' };
			seen.push(row);
			req.on('data', (d) => { row.body += d; });
			if (req.url === '/leaves' && seen.filter((x) => x.path === '/leaves').length === 1) return req.stream.session.destroy();
			req.on('end', () => { setTimeout(() => { res.setHeader('Content-Type', 'text/xml'); res.end(HANG_UP); }, 100); });
		});
		app.on('session', () => { sessions++; });
		await new Promise((r) => app.listen(8443, '127.0.0.1', r));
		const plain = { ...settings.webhook };
		const e = await new Engine({ webhook: { ...plain, ca_file: path.join(host.dir(), 'app-cert.pem') } }, 'h2').start();
		const talk = await callee('answer', { calls: 20 });
		const calls = await Promise.all(Array.from({ length: 20 }, () => e.create({ To: talk.uri, Url: 'https://127.0.0.1:8443/voice', StatusCallback: 'https://127.0.0.1:8443/status' })));
		for (const r of calls) assert.strictEqual((await e.ended(r.json.sid)).status, 'completed');
		await until(() => seen.filter((x) => x.path === '/status').length === 20, 'twenty callbacks');
		assert.ok(seen.every((x) => x.version === '2.0' && x.signature), JSON.stringify(seen[0]));
		process.stdout.write(`# ${seen.length} requests over ${sessions} connections\n`);
		assert.ok(sessions <= 4, `${sessions} connections`);
		const validate = require('twilio').validateRequest;
		for (const x of seen) assert.ok(validate('e2etoken0123456789', x.signature, `https://127.0.0.1:8443${x.path}`, Object.fromEntries(new URLSearchParams(x.body))));
		// It goes away in the middle of a request over a connection that was kept: asked again over another.
		const jim = await callee('answer');
		const left = await e.create({ To: jim.uri, Url: 'https://127.0.0.1:8443/leaves' });
		assert.strictEqual((await e.ended(left.json.sid)).status, 'completed');
		assert.strictEqual(seen.filter((x) => x.path === '/leaves').length, 2);
		assert.deepStrictEqual((await e.get(`/2010-04-01/Accounts/${left.json.account_sid}/Calls/${left.json.sid}/Notifications.json`)).json.notifications, []);
		await e.stop();
		// Without its authority the same application is not believed.
		const f = await new Engine(settings, 'noca').start();
		const kate = await callee('answer');
		const r = await f.create({ To: kate.uri, Url: 'https://127.0.0.1:8443/voice' });
		await f.ended(r.json.sid);
		assert.ok((await f.get(`/2010-04-01/Accounts/${r.json.account_sid}/Calls/${r.json.sid}/Notifications.json`)).json.notifications.some((n) => n.error_code === '11220'));
		await f.stop();
		app.close();
		await w.engine.start();
	}, { limit_ms: 90000 });

	s.test('everybody_is_let_go', async () => {
		open.forEach((c) => c.destroy());
		await sleep(10);
	});
});
