// SPDX-License-Identifier: Apache-2.0
// How the REST port is served: HTTPS with a certificate that can be replaced, requests that HTTP does not allow, and
// an end that waits for the calls.
'use strict';

const assert = require('assert');
const fs = require('fs');
const https = require('https');
const net = require('net');
const path = require('path');
const tls = require('tls');
const { spawnSync } = require('child_process');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Engine, SID, TOKEN } = require('./lib/engine');
const { until, sleep, within } = require('./lib/tap');
const host = require('./lib/host');

class Secure extends Engine {
	request(method, p, form, opt) {
		const body = form === null ? null : new URLSearchParams(form).toString();
		const auth = opt.auth === undefined ? `${SID}:${TOKEN}` : opt.auth;
		const headers = auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
		if (body !== null) headers['Content-Type'] = 'application/x-www-form-urlencoded';
		return new Promise((resolve, reject) => {
			const r = https.request({ host: '127.0.0.1', port: 8080, path: p, method, headers, ca: fs.readFileSync(this.settings.rest.tls_cert),
				timeout: 5000, agent: false, ...this.how }, (res) => {
				let text = '';
				const peer = res.socket.getPeerCertificate();
				res.on('data', (d) => { text += d; });
				res.on('end', () => { let json = null; try { json = JSON.parse(text); } catch { /* text */ } resolve({ status: res.statusCode, text, json, cn: peer.subject.CN }); });
			});
			r.on('error', reject);
			r.on('timeout', () => r.destroy(new Error('no answer')));
			r.end(body === null ? undefined : body);
		});
	}
}

function certificate(dir, cn) {
	const r = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${cn}`,
		'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', path.join(dir, 'key.new'), '-out', path.join(dir, 'cert.new')]);
	assert.strictEqual(r.status, 0, String(r.stderr));
	fs.renameSync(path.join(dir, 'key.new'), path.join(dir, 'key.pem'));
	fs.renameSync(path.join(dir, 'cert.new'), path.join(dir, 'cert.pem'));
}

// What the port says to these bytes, as they are.
function raw(bytes) {
	return new Promise((resolve) => {
		let text = '';
		const c = net.connect(8080, '127.0.0.1', () => c.write(bytes));
		c.on('data', (d) => { text += d; });
		c.on('close', () => resolve(text));
		c.on('error', () => resolve(text));
		c.setTimeout(1500, () => c.destroy());
	});
}

run({}, (s, w) => {
	s.test('requests_that_http_does_not_allow_are_refused', async () => {
		const head = 'POST /healthz HTTP/1.1\r\nHost: x\r\n';
		const bad = {
			'length and chunks': `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
			'two lengths': `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
			'no host': 'GET /healthz HTTP/1.1\r\n\r\n',
		};
		for (const [what, bytes] of Object.entries(bad)) assert.match(await raw(bytes), /^HTTP\/1\.1 400 /, what);
		const two = await raw('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
		assert.strictEqual(two.match(/HTTP\/1\.1 200 OK/g).length, 2);
		for (const [what, bytes] of Object.entries({ 'bare LF': 'GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n',
			'folded header': 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\nConnection: close\r\n\r\n' })) {
			process.stdout.write(`# ${what}: ${(await raw(bytes)).split('\r\n')[0]}\n`);
		}
	});

	s.test('https_serves_1_2_and_1_3_and_a_new_certificate_without_a_restart', async () => {
		await w.engine.stop();
		const dir = path.join(host.dir(), 'tls');
		fs.mkdirSync(dir);
		certificate(dir, 'first');
		const e = new Secure({ rest: { tls_cert: path.join(dir, 'cert.pem'), tls_key: path.join(dir, 'key.pem') } }, 'secure');
		await e.start();
		const kate = await callee('answer');
		const r = await e.create({ To: kate.uri, Twiml: '<Response><Hangup/></Response>' });
		assert.deepStrictEqual([r.status, r.cn], [201, 'first']);
		assert.strictEqual((await e.ended(r.json.sid)).status, 'completed');
		await kate.ok();
		for (const v of ['TLSv1.2', 'TLSv1.3']) {
			e.how = { minVersion: v, maxVersion: v };
			assert.strictEqual((await e.get('/healthz')).status, 200, v);
		}
		e.how = {};
		const old = await new Promise((resolve) => {
			const c = tls.connect({ host: '127.0.0.1', port: 8080, rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }, () => resolve('connected'));
			c.on('error', (err) => resolve(err.code || 'refused'));
		});
		assert.notStrictEqual(old, 'connected');
		assert.strictEqual(await raw('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), '');
		certificate(dir, 'second');
		e.child.kill('SIGHUP');
		await until(async () => (await e.get('/healthz')).cn === 'second', 'the second certificate');
		fs.writeFileSync(path.join(dir, 'key.pem'), 'no key');
		e.child.kill('SIGHUP');
		await until(() => e.log().includes('stays as it was'), 'a line about the bad key');
		assert.strictEqual((await e.get('/healthz')).cn, 'second');
		await e.stop();
		await w.engine.start();
	}, { limit_ms: 60000 });

	s.test('a_drain_refuses_new_calls_and_lets_the_others_end', async () => {
		await w.engine.stop();
		const e = await new Engine({ run: { drain: 20 } }, 'drain').start();
		const c = w.app.corner();
		const talk = await callee('answer');
		const r = await e.create({ To: talk.uri, Twiml: '<Response><Pause length="2"/></Response>', StatusCallback: c.url('status') });
		await e.reaches(r.json.sid, 'in-progress');
		e.child.kill('SIGTERM');
		await until(async () => (await e.create({ To: talk.uri, Twiml: '<Response/>' })).status === 503, '503 to a new call');
		assert.strictEqual((await e.get(`${e.calls()}/${r.json.sid}.json`)).json.status, 'in-progress');
		assert.strictEqual(await within(10000, 'the engine to end', e.exit), 0);
		assert.deepStrictEqual(c.seen('status').map((x) => x.params.CallStatus), ['completed']);
		assert.ok(Number(c.seen('status')[0].params.CallDuration) >= 2);
		await talk.ok();
		await sleep(100);
		await w.engine.start();
	}, { limit_ms: 60000 });
});
