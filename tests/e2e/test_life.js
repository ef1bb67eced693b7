// SPDX-License-Identifier: Apache-2.0
// The engine's own life, with two workers on one device: a link that comes and goes, a worker that hangs, a stop
// while calls are up.
'use strict';

const assert = require('assert');
const fs = require('fs');
const { spawn, spawnSync } = require('child_process');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Engine, BIN } = require('./lib/engine');
const { until, sleep } = require('./lib/tap');
const host = require('./lib/host');

const response = (inner) => `<Response>${inner}</Response>`;

// Hold one thread of a process still until the returned child is ended.
function hold(tid) {
	const py = 'import ctypes,os,sys\nc=ctypes.CDLL(None)\nt=int(sys.argv[1])\n' +
		'assert c.ptrace(16,t,None,None)==0\nos.waitpid(t,0x40000000)\nprint("held",flush=True)\n' +
		'sys.stdin.read()\nc.ptrace(17,t,None,None)';
	return spawn('python3', ['-c', py, String(tid)], { stdio: ['pipe', 'pipe', 'inherit'] });
}

run({ workers: 2 }, (s, w) => {
	const healthz = async () => (await w.engine.get('/healthz', { auth: null }));

	async function goesThrough() {
		const kate = await callee('answer');
		const r = await w.engine.create({ To: kate.uri, Twiml: response('<Hangup/>') });
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
		await kate.ok();
	}

	s.test('calls_that_are_up_together_are_spread_over_both_workers', async () => {
		const kate = await callee('answer', { calls: 4 });
		const made = await Promise.all([1, 2, 3, 4].map(() => w.engine.create({ To: kate.uri, Twiml: response('<Pause length="1"/>') })));
		for (const r of made) assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
		await kate.ok();
		const m = await w.engine.metrics();
		for (const n of [0, 1]) assert.strictEqual(m[`dialplane_legs_started_total{worker="${n}"}`], 2, `legs of worker ${n}`);
	});

	// What healthz, the gauges and (once, within a second) the log say of the device.
	async function link(word, gauge, status) {
		const r = await until(async () => {
			const h = await healthz();
			return h.json.link === word ? h : null;
		}, `healthz says the link is ${word}`, 3000);
		assert.strictEqual(r.status, status);
		const m = await w.engine.metrics();
		for (const n of [0, 1]) assert.strictEqual(m[`dialplane_link_up{worker="${n}"}`], gauge);
		await sleep(1500);
	}

	const linesAbout = (device) => w.engine.log(1e6).split('\n').filter((l) => l.includes(`${device}: the `))
		.map((l) => /the (link|device) is (down|up again|gone)/.exec(l)[0]);

	const cpuMs = () => {
		const f = fs.readFileSync(`/proc/${w.engine.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
		return (Number(f[11]) + Number(f[12])) * 10;
	};

	s.test('a_link_that_went_down_and_came_up_again_carries_calls', async () => {
		host.inPeersSync(['ip', 'link', 'set', 'peer0', 'down']);
		await link('down', 0, 200);
		const r = await w.engine.create({ To: 'sip:x@10.77.0.14', Twiml: response('<Hangup/>') });
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'failed');
		host.inPeersSync(['ip', 'link', 'set', 'peer0', 'up']);
		await until(() => host.inPeersSync(['cat', '/sys/class/net/peer0/operstate']).stdout.trim() === 'up', 'the link');
		await link('up', 1, 200);
		await goesThrough();
		assert.deepStrictEqual(linesAbout('dp0'), ['the link is down', 'the link is up again']);
	});

	s.test('healthz_names_a_worker_that_hangs_new_calls_go_to_the_other_and_it_is_good_again_when_it_turns', async () => {
		const bob = await callee('answer', { ip: '10.77.0.12' });
		const up = await w.engine.create({ To: bob.uri, Twiml: response('<Pause length="60"/>') });
		await w.engine.reaches(up.json.sid, 'in-progress');
		const task = `/proc/${w.engine.child.pid}/task`;
		const worker = fs.readdirSync(task).find((t) => /^rte-worker-2/.test( // worker 1
			fs.readFileSync(`${task}/${t}/comm`, 'utf8')));
		assert.strictEqual((await healthz()).status, 200);
		const h = hold(worker);
		await new Promise((resolve) => h.stdout.once('data', resolve));
		const bad = await until(async () => {
			const r = await healthz();
			return r.status === 503 ? r : null;
		}, '503 from healthz', 5000);
		assert.deepStrictEqual(bad.json.stuck, [1]);
		// Worker 0 gets the next call, though it has a leg already; what the other's queue holds back waits.
		const kate = await callee('answer');
		const started = async () => (await w.engine.metrics())['dialplane_legs_started_total{worker="0"}'];
		const before = await started();
		const next = await w.engine.create({ To: kate.uri, Twiml: response('<Hangup/>') });
		await until(async () => await started() === before + 1, 'a leg on worker 0', 3000);
		h.stdin.end();
		await until(async () => (await healthz()).status === 200, 'healthz is good again', 5000);
		assert.strictEqual((await w.engine.ended(next.json.sid)).status, 'completed');
		await kate.ok();
		await w.engine.post(`${w.engine.calls()}/${up.json.sid}.json`, { Status: 'completed' });
		await w.engine.ended(up.json.sid);
		for (let i = 0; i < 2; i++) await goesThrough();
	});

	s.test('a_second_engine_on_the_same_records_does_not_start', async () => {
		host.addLink('dp1');
		const second = new Engine({ device: { name: 'dp1' }, rest: { listen: '127.0.0.1:8081' } }, 'second');
		fs.writeFileSync(second.file, JSON.stringify(second.settings));
		const r = spawnSync(BIN, ['run', '-c', second.file], { encoding: 'utf8', timeout: 15000 });
		assert.strictEqual(r.status, 4, r.stderr);
		assert.match(r.stderr, /another engine uses it/);
		await goesThrough();
	});

	s.test('sigterm_hangs_up_what_is_up_and_tells_everybody', async () => {
		const kate = await callee('answer');
		const bob = await callee('answer', { ip: '10.77.0.12' });
		const jim = await callee('ring', { ip: '10.77.0.13' });
		const c = w.app.corner();
		c.on('voice', response(`<Dial action="after"><Sip>${bob.uri}</Sip></Dial>`));
		const up = await w.engine.create({ To: kate.uri, Url: c.url('voice'), StatusCallback: c.url('up') });
		const rings = await w.engine.create({ To: jim.uri, Url: c.url('voice'), StatusCallback: c.url('rings') });
		await w.wire.wait({ method: 'ACK', dst: bob.addr });
		await w.engine.reaches(rings.json.sid, 'ringing');
		await w.engine.stop();
		for (const sipp of [kate, bob, jim]) await sipp.ok();
		// Which of the two legs of the bridge is gone first is open, and with it what the action hears of the call.
		const told = c.seen().map((r) => `${r.what} ${r.params.DialCallStatus || r.params.CallStatus}`).sort();
		assert.deepStrictEqual(told, ['after completed', 'rings canceled', 'up completed', 'voice in-progress']);
		assert.ok(c.seen().every((r) => r.valid));
		const rows = w.engine.rows('SELECT sid, status, end_time FROM calls');
		const status = (sid) => rows.find((r) => r.sid === sid).status;
		assert.deepStrictEqual([status(up.json.sid), status(rings.json.sid)], ['completed', 'canceled']);
		assert.ok(rows.every((r) => r.end_time > 0));
		await w.engine.start();
		await goesThrough();
	});

	for (const driver of ['af_packet', 'af_xdp']) {
		s.test(`on_${driver}_a_device_that_is_switched_off_or_removed_is_told_and_costs_nothing`, async () => {
			await w.engine.stop();
			const name = `dp-${driver.slice(3, 6)}`;
			host.addLink(name);
			w.engine.settings.device = { ...w.engine.settings.device, name, driver };
			await w.engine.start();
			await link('up', 1, 200);
			for (const [argv, word, status] of [[['set', name, 'down'], 'down', 200], [['set', name, 'up'], 'up', 200],
				[['del', name], 'gone', 503]]) {
				assert.strictEqual(spawnSync('ip', ['link', ...argv]).status, 0);
				await link(word, word === 'up' ? 1 : 0, status);
				const cpu = cpuMs();
				await sleep(2000);
				const used = cpuMs() - cpu;
				assert.ok(used < 200, `${used} ms of CPU in 2 s while the device is ${word}`);
			}
			assert.strictEqual((await healthz()).json.status, 'no device');
			assert.deepStrictEqual(linesAbout(name), ['the link is down', 'the link is up again', 'the device is gone']);
		}, { limit_ms: 60000 });
	}
});
