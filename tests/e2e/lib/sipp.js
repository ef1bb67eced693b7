// SPDX-License-Identifier: Apache-2.0
// SIPp processes in the peers' host, one scenario each, every one with its own port.
'use strict';

const fs = require('fs');
const path = require('path');
const host = require('./host');
const { until, within } = require('./tap');

let nextPort = 5100;
let nextMedia = 20000;
const running = new Set();

// opt: ip (10.77.0.11), tcp (t1, tn), delay_ms (-d), calls (-m, 1), echo, code and reason (refuse), max_ms (60000)
class Sipp {
	constructor(scenario, opt = {}) {
		this.ip = opt.ip || '10.77.0.11';
		this.port = opt.port || nextPort++;
		this.media = nextMedia;
		nextMedia += 4;
		this.scenario = path.basename(scenario, '.xml');
		this.path = scenario.endsWith('.xml') ? scenario : path.join(__dirname, '..', 'sipp', `${scenario}.xml`);
		this.opt = opt;
		this.six = this.ip.includes(':');
		this.addr = `${this.six ? `[${this.ip}]` : this.ip}:${this.port}`;
		this.uri = `sip:callee@${this.addr}`;
		this.log = path.join(host.dir(), `sipp-${this.scenario}-${this.port}`);
	}

	argv() {
		const o = this.opt;
		const a = ['sipp', '-sf', this.file(), '-i', this.ip,
			'-p', String(this.port), '-mi', this.ip, '-mp', String(this.media), '-nostdin',
			'-d', String(o.delay_ms === undefined ? 100 : o.delay_ms), '-m', String(o.calls || 1),
			'-recv_timeout', String(o.recv_ms || 30000), '-trace_err', '-error_file', `${this.log}.err`];
		if (o.tcp) a.push('-t', o.tcp, '-max_socket', '1000');
		if (o.echo) a.push('-rtp_echo');
		a.push('-key', 'domain', this.ip);
		if (o.service) a.push('-s', o.service);
		if (o.calls > 100) a.push('-l', String(o.calls));
		if (o.calling) a.push(`${host.ENGINE_IP}:5060`);
		return a;
	}

	// SIPp wants a response code as a number in the file: the refusing scenarios have CODE and REASON there.
	file() {
		const from = this.path;
		if (!this.opt.code && !this.six) return from;
		let text = fs.readFileSync(from, 'utf8').replace('CODE', String(this.opt.code))
			.replace('REASON', this.opt.reason || 'No');
		if (this.opt.sdp4) text = text.replaceAll(/IN IP4 \[\w+\]/g, `IN IP4 ${this.opt.sdp4}`);
		else if (this.six) text = text.replaceAll('IN IP4 [local_ip]', 'IN IP6 [media_ip]').replaceAll('IN IP4', 'IN IP6');
		fs.writeFileSync(`${this.log}.xml`, text);
		return `${this.log}.xml`;
	}

	async start() {
		const out = fs.openSync(`${this.log}.out`, 'w');
		this.child = host.inPeers(this.argv(), { stdio: ['ignore', out, out] });
		fs.closeSync(out);
		running.add(this);
		this.done = host.ended(this.child).then((code) => { running.delete(this); this.code = code; return code; });
		if (this.opt.calling) return this;
		await until(() => this.listening() || this.code !== undefined, `sipp ${this.scenario} listening`, 8000);
		if (this.code !== undefined) throw new Error(`sipp ${this.scenario} did not start:\n${this.output()}`);
		return this;
	}

	listening() {
		if (this.six) {
			const port = `:${this.port.toString(16).padStart(4, '0').toUpperCase()} `;
			return host.inPeersSync(['cat', `/proc/net/${this.opt.tcp ? 'tcp' : 'udp'}6`]).stdout.includes(port);
		}
		const hex = [...this.ip.split('.')].reverse().map((x) => Number(x).toString(16).padStart(2, '0')).join('');
		const want = `${hex}:${this.port.toString(16).padStart(4, '0')}`.toUpperCase();
		return host.inPeersSync(['cat', `/proc/net/${this.opt.tcp ? 'tcp' : 'udp'}`]).stdout.includes(want);
	}

	// The scenario ran to its end as written: exit code 0.
	async ok(ms = 20000) {
		const code = await within(ms, `sipp ${this.scenario} to finish`, this.done);
		if (code !== 0) throw new Error(`sipp ${this.scenario} ended with ${code}:\n${this.output()}`);
	}

	output() {
		const read = (f) => { try { return fs.readFileSync(f, 'utf8'); } catch { return ''; } };
		return (read(`${this.log}.err`) || read(`${this.log}.out`)).slice(-2500);
	}

	stop() {
		if (this.child && this.code === undefined) this.child.kill('SIGKILL');
	}
}

function callee(scenario, opt) {
	return new Sipp(scenario, opt).start();
}

// Calls the engine at once; service: the user it calls.
function caller(scenario, opt) {
	return new Sipp(scenario, { ...opt, calling: true }).start();
}

function stopAll() {
	for (const s of running) s.stop();
}

module.exports = { callee, caller, stopAll };
