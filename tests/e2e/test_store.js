// SPDX-License-Identifier: Apache-2.0
// What was acknowledged is on disk: after kill -9, and when the disk is full.
'use strict';

const assert = require('assert');
const fs = require('fs');
const net = require('net');
const path = require('path');
const { spawnSync } = require('child_process');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Engine, BIN } = require('./lib/engine');
const { until, sleep } = require('./lib/tap');
const host = require('./lib/host');

const response = (inner) => `<Response>${inner}</Response>`;

run({}, (s, w) => {
	s.test('after_kill_9_no_acknowledged_call_is_missing_and_those_up_are_closed_as_failed', async () => {
		const quiet = await callee('refuse', { code: 486 });
		const talk = await callee('answer', { calls: 3 });
		const ring = await callee('ring', { calls: 30 });
		const c = w.app.corner();
		const make = async (to) => {
			const r = await w.engine.create({ To: to.uri, Twiml: response('<Pause length="60"/>'), StatusCallback: c.url('status') });
			assert.strictEqual(r.status, 201, r.text);
			return r.json.sid;
		};
		const busy = await make(quiet);
		await w.engine.ended(busy);
		const up = [await make(talk), await make(talk), await make(talk)];
		for (const sid of up) await w.engine.reaches(sid, 'in-progress');
		// Kill it in the middle of a burst of creates: what got its 201 counts.
		const burst = [];
		const creating = Array.from({ length: 20 }, () => make(ring).then((sid) => burst.push(sid)).catch(() => {}));
		await until(() => burst.length >= 3, 'some calls acknowledged');
		await w.engine.kill();
		await Promise.all(creating);
		talk.stop();
		ring.stop();
		const killed = Date.now();
		await w.engine.start();
		const rows = (await w.client.calls.list({ limit: 100 })).map((x) => [x.sid, x]);
		const found = new Map(rows);
		for (const sid of [busy, ...up, ...burst]) assert.ok(found.has(sid), `${sid} is missing`);
		assert.strictEqual(found.get(busy).status, 'busy');
		for (const sid of [...up, ...burst]) {
			const row = await w.engine.ended(sid);
			assert.strictEqual(row.status, 'failed');
			assert.ok(Math.abs(new Date(row.end_time) - killed) < 30000, row.end_time);
		}
		await until(() => [...up, ...burst].every((sid) => c.seen('status').some((r) => r.params.CallSid === sid)),
			'completed callbacks of the calls that were up');
		for (const sid of up) {
			const mine = c.seen('status').filter((r) => r.params.CallSid === sid);
			assert.deepStrictEqual(mine.map((r) => [r.params.CallStatus, r.valid]), [['failed', true]]);
		}
	}, { limit_ms: 60000 });

	s.test('a_rest_port_that_is_taken_is_found_out_before_calls_of_the_last_run_are_closed', async () => {
		const kate = await callee('answer');
		const c = w.app.corner();
		const r = await w.engine.create({ To: kate.uri, Twiml: response('<Pause length="60"/>'), StatusCallback: c.url('status') });
		await w.engine.reaches(r.json.sid, 'in-progress');
		await w.client.calls.list({ limit: 1 }); // a list is read from the database: what waits in the log goes there first
		await w.engine.kill();
		kate.stop();
		const squatter = net.createServer();
		await new Promise((resolve) => squatter.listen(8080, '127.0.0.1', resolve));
		const failed = spawnSync(BIN, ['run', '-c', w.engine.file], { encoding: 'utf8', timeout: 15000 });
		assert.strictEqual(failed.status, 4, failed.stderr);
		assert.match(failed.stderr, /port 8080/);
		assert.deepStrictEqual(w.engine.rows(`SELECT status FROM calls WHERE sid = '${r.json.sid}'`), [{ status: 'in-progress' }]);
		assert.deepStrictEqual(c.seen('status'), []);
		await new Promise((resolve) => squatter.close(resolve));
		await w.engine.start();
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'failed');
		await until(() => c.seen('status').length === 1, 'the callback');
		assert.strictEqual(c.seen('status')[0].params.CallStatus, 'failed');
	}, { limit_ms: 60000 });

	s.test('a_second_restart_closes_nothing_twice', async () => {
		const before = w.app.log.length;
		await w.engine.stop();
		await w.engine.start();
		await sleep(1000);
		assert.strictEqual(w.app.log.length, before);
	});

	s.test('a_full_disk_refuses_new_calls_and_serves_again_when_there_is_room', async () => {
		await w.engine.stop();
		const dir = path.join(host.dir(), 'tiny');
		fs.mkdirSync(dir);
		// This process's mount namespace is its own (ip netns exec): the mount ends with it.
		assert.strictEqual(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', dir]).status, 0);
		const e = await new Engine({ store: { path: path.join(dir, 'calls.db') } }, 'tiny').start();
		const kate = await callee('answer');
		const fill = path.join(dir, 'fill');
		const fd = fs.openSync(fill, 'w');
		try { for (;;) fs.writeSync(fd, Buffer.alloc(4096, 1)); } catch (err) { assert.strictEqual(err.code, 'ENOSPC'); }
		fs.closeSync(fd);
		let r;
		// The log may still have some pages to write on: ask until the disk is really full.
		for (let i = 0; i < 50 && (!r || r.status === 201); i++) r = await e.create({ To: 'sip:x@10.77.0.14:5999', Twiml: response('<Hangup/>') });
		assert.ok(r.status >= 500 && r.status < 600, `${r.status} ${r.text}`);
		assert.strictEqual(typeof r.json.code, 'number');
		assert.strictEqual((await e.get('/healthz', { auth: null })).status, 200);
		assert.strictEqual((await e.get(`${e.calls()}.json`)).status, 200);
		fs.unlinkSync(fill);
		r = await until(async () => {
			const again = await e.create({ To: kate.uri, Twiml: response('<Hangup/>') });
			return again.status === 201 ? again : null;
		}, 'a call accepted again', 10000, 300);
		assert.strictEqual((await e.ended(r.json.sid)).status, 'completed');
		await kate.ok();
		await e.stop();
		spawnSync('umount', [dir]);
		await w.engine.start();
	}, { limit_ms: 60000 });
});
