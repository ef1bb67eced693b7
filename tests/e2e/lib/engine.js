// SPDX-License-Identifier: Apache-2.0
// One engine under test: its config file, its process, and what it shows of itself.
'use strict';

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const http = require('http');
const path = require('path');
const host = require('./host');
const { sleep, until, within } = require('./tap');

const SID = `AC${'0123456789abcdef'.repeat(2)}`;
const TOKEN = 'e2etoken0123456789';
const PORT = 8080;
const BIN = process.env.DIALPLANE_BIN || path.join(host.ROOT, 'build-release', 'control', 'dialplane');

function defaults() {
	return {
		device: { name: 'dp0', driver: process.env.DIALPLANE_DRIVER || 'auto', hugepages: false, memory_mb: 128 },
		network: { ip: `${host.ENGINE_IP}/24`, check_checksums: true },
		limits: { calls: 200, transactions: 2048, packets: 4096 },
		rest: { listen: `127.0.0.1:${PORT}` },
		targets: { allow: ['127.0.0.1/32', '10.77.0.0/24'] },
		dns: { servers: ['127.0.0.1:5353'] },
		webhook: { connect_ms: 1000, total_ms: 2000 },
		store: { path: path.join(host.dir(), 'calls.db') },
		log: { level: 'info', format: 'json' },
		accounts: [{ sid: SID, token: TOKEN }],
	};
}

function merge(a, b) {
	for (const [k, v] of Object.entries(b || {})) {
		if (v && typeof v === 'object' && !Array.isArray(v)) a[k] = merge(a[k] || {}, v);
		else a[k] = v;
	}
	return a;
}

class Engine {
	constructor(settings, name = 'engine', more = []) {
		this.more = more; // further arguments of `dialplane run`
		this.settings = merge(defaults(), settings);
		this.name = name;
		this.file = path.join(host.dir(), `${name}.yaml`);
		this.logFile = path.join(host.dir(), `${name}.log`);
		this.wantDead = false;
	}

	async start() {
		fs.writeFileSync(this.file, JSON.stringify(this.settings, null, 2)); // JSON is YAML
		const log = fs.openSync(this.logFile, 'a');
		this.wantDead = false;
		this.child = spawn(BIN, ['run', '-c', this.file, ...this.more], { stdio: ['ignore', log, log], cwd: host.dir() });
		fs.closeSync(log);
		this.exit = host.ended(this.child).then((code) => {
			this.code = code;
			this.signal = this.child.signalCode;
			return code;
		});
		this.code = undefined;
		await until(async () => {
			if (this.code !== undefined) {
				throw new Error(`the engine ended with ${this.code} ${this.signal}:\n${this.log()}`);
			}
			return (await this.get('/healthz').catch(() => ({}))).status === 200;
		}, () => `healthz 200; log:\n${this.log()}`, 20000, 50);
		return this;
	}

	// SIGTERM; must end by itself with 0.
	async stop() {
		this.child.kill('SIGTERM');
		const code = await within(15000, 'the engine to stop', this.exit);
		if (code !== 0) throw new Error(`the engine stopped with ${code} ${this.signal}:\n${this.log()}`);
	}

	async kill() {
		this.child.kill('SIGKILL');
		await this.exit;
	}

	alive() {
		return this.child && this.code === undefined;
	}

	log(bytes = 4000) {
		try { return fs.readFileSync(this.logFile, 'utf8').slice(-bytes); } catch { return ''; }
	}

	// Plain HTTP to the REST port: {status, headers, text, json}.
	get(p, opt = {}) {
		return this.request('GET', p, null, opt);
	}

	post(p, form, opt = {}) {
		return this.request('POST', p, form, opt);
	}

	request(method, p, form, opt) {
		const body = form === null ? null : typeof form === 'string' ? form : new URLSearchParams(form).toString();
		const auth = opt.auth === undefined ? `${SID}:${TOKEN}` : opt.auth;
		const headers = { ...(opt.headers || {}) };
		if (auth) headers.Authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
		if (body !== null) headers['Content-Type'] = headers['Content-Type'] || 'application/x-www-form-urlencoded';
		return new Promise((resolve, reject) => {
			const r = http.request({ host: '127.0.0.1', port: PORT, path: p, method, headers, timeout: 10000 }, (res) => {
				let text = '';
				res.on('data', (d) => { text += d; });
				res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, text, json: json(text) }));
			});
			r.on('error', reject);
			r.on('timeout', () => r.destroy(new Error(`no answer to ${method} ${p}`)));
			r.end(body === null ? undefined : body);
		});
	}

	calls() {
		return `/2010-04-01/Accounts/${SID}/Calls`;
	}

	create(form, opt) {
		return this.post(`${this.calls()}.json`, { From: 'Jack', ...form }, opt);
	}

	// A call's resource once its status is one of `words`.
	async reaches(sid, words, ms = 15000) {
		const want = [].concat(words);
		let last;
		return until(async () => {
			last = (await this.get(`${this.calls()}/${sid}.json`)).json;
			return last && want.includes(last.status) ? last : null;
		}, () => `${sid} ${want}; it is ${last && last.status}\n${this.log(1500)}`, ms);
	}

	ended(sid, ms) {
		return this.reaches(sid, ['completed', 'busy', 'failed', 'no-answer', 'canceled'], ms);
	}

	// /metrics: "name" → sum over its labels, and "name{labels}" → value.
	async metrics() {
		const m = {};
		for (const line of (await this.get('/metrics', { auth: null })).text.split('\n')) {
			const hit = /^([a-zA-Z_:][\w:]*)(\{[^}]*\})?\s+(\S+)/.exec(line);
			if (!hit) continue;
			m[hit[1]] = (m[hit[1]] || 0) + Number(hit[3]);
			if (hit[2]) m[hit[1] + hit[2]] = Number(hit[3]);
		}
		return m;
	}

	async counter(name) {
		const v = (await this.metrics())[`dialplane_${name}_total`];
		if (v === undefined) throw new Error(`/metrics has no dialplane_${name}_total`);
		return v;
	}

	// Every leg gone: what started has ended.
	async drained(ms = 10000) {
		let m;
		await until(async () => {
			m = await this.metrics();
			return m.dialplane_legs_started_total === m.dialplane_legs_ended_total;
		}, () => `all legs ended: started ${m.dialplane_legs_started_total}, ended ${m.dialplane_legs_ended_total}`, ms);
		return m;
	}

	// Every pool and queue is as empty as it was in `idle` (metrics()); transactions linger up to 32 s after a call
	// (RFC 3261 timers D and J), what else is used then has leaked.
	async emptied(idle, ms) {
		const watched = Object.keys(idle).filter((k) => /^dialplane_(pool_used|ring_depth|ring_waiting|legs|calls)\{/.test(k) ||
			/^dialplane_(calls_live|store_queue|webhooks_in_flight)$/.test(k));
		if (!watched.some((k) => k.includes('pool="packets"'))) throw new Error('/metrics has no pools');
		let m;
		const left = () => watched.filter((k) => m[k] > idle[k]).map((k) => `${k} ${m[k]} > ${idle[k]}`);
		return until(async () => {
			m = await this.metrics();
			return left().length === 0;
		}, () => `everything given back: ${left().join(', ')}`, ms, 500);
	}

	rssKb() {
		return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]);
	}

	// A row of the database as it lies on disk, read by another program.
	rows(sql) {
		const py = 'import json,sqlite3,sys\nc=sqlite3.connect(sys.argv[1],timeout=5)\nc.row_factory=sqlite3.Row\n' +
			'print(json.dumps([dict(r) for r in c.execute(sys.argv[2])]))';
		const r = spawnSync('python3', ['-c', py, this.settings.store.path, sql], { encoding: 'utf8' });
		if (r.status !== 0) throw new Error(`sqlite: ${r.stderr}`);
		return JSON.parse(r.stdout);
	}
}

function json(text) {
	try { return JSON.parse(text); } catch { return null; }
}

// The official client, unmodified, pointed at the engine.
function twilioClient(sid = SID, token = TOKEN) {
	for (const k of ['TWILIO_EDGE', 'TWILIO_REGION', 'HTTP_PROXY', 'http_proxy']) delete process.env[k];
	const client = require('twilio')(sid, token);
	client.api.baseUrl = `http://127.0.0.1:${PORT}`;
	return client;
}

module.exports = { Engine, twilioClient, SID, TOKEN, BIN, sleep };
