// SPDX-License-Identifier: Apache-2.0
// Calls at a rate, each with two legs to two SIPp callees: none fails, none leaks, memory stays where it was.
// Short by default; DIALPLANE_CALLS=1000 DIALPLANE_RATE=50 is the full run.
'use strict';

const assert = require('assert');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { sleep, until } = require('./lib/tap');

const CALLS = Number(process.env.DIALPLANE_CALLS || 100);
const RATE = Number(process.env.DIALPLANE_RATE || 25);
const WARM = Math.ceil(CALLS / 4);
const response = (inner) => `<Response>${inner}</Response>`;

run({ limits: { calls: 1000, transactions: 8192, packets: 16384 }, device: { memory_mb: 256 }, log: { level: 'warn' } }, (s, w) => {
	async function round(n, kate, bob) {
		const c = w.app.corner();
		c.on('voice', response(`<Dial timeLimit="1" action="after"><Sip>${bob.uri}</Sip></Dial>`));
		c.on('after', response('<Hangup/>'));
		const began = Date.now();
		const made = [];
		for (let i = 0; i < n; i++) {
			const at = began + i * 1000 / RATE;
			if (at > Date.now()) await sleep(at - Date.now());
			made.push(w.engine.create({ To: kate.uri, Url: c.url('voice'), StatusCallback: c.url('status') }));
		}
		const answers = await Promise.all(made);
		assert.deepStrictEqual(answers.filter((r) => r.status !== 201).map((r) => r.text), []);
		const rate = n * 1000 / (Date.now() - began);
		await until(() => c.seen('status').length >= n, () => `${n} calls ended, ${c.seen('status').length} so far`, 30000, 100);
		const count = {};
		for (const r of c.seen('status')) count[r.params.CallStatus] = (count[r.params.CallStatus] || 0) + 1;
		assert.deepStrictEqual(count, { completed: n });
		const dial = c.seen('after').filter((r) => r.params.DialCallStatus === 'completed' && r.params.DialBridged === 'true');
		assert.strictEqual(dial.length, n);
		return rate;
	}

	s.test(`${CALLS}_calls_at_${RATE}_a_second_none_fails_none_leaks_memory_flat`, async () => {
		const idle = await w.engine.metrics();
		const kate = await callee('answer', { calls: WARM + CALLS, delay_ms: 20, recv_ms: 60000 });
		const bob = await callee('answer', { ip: '10.77.0.12', calls: WARM + CALLS, delay_ms: 20, recv_ms: 60000 });
		await round(WARM, kate, bob);
		await w.engine.drained();
		const before = w.engine.rssKb();
		const rate = await round(CALLS, kate, bob);
		const m = await w.engine.drained();
		const grown = w.engine.rssKb() - before;
		process.stdout.write(`# ${rate.toFixed(1)} calls/s offered; RSS ${before} kB, grown by ${grown} kB\n`);
		assert.ok(rate > RATE * 0.9, `offered only ${rate.toFixed(1)} calls/s`);
		assert.ok(grown < 2048 + before * 0.02, `memory grew by ${grown} kB`);
		assert.strictEqual(m.dialplane_legs_started_total, 2 * (WARM + CALLS));
		assert.strictEqual(m.dialplane_legs_ended_total, m.dialplane_legs_started_total);
		assert.strictEqual(m.dialplane_sip_illegal_event_total, 0);
		await w.engine.emptied(idle, 80000);
		await kate.ok();
		await bob.ok();
	}, { limit_ms: 150000 + 4 * (WARM + CALLS) * 1000 / RATE });
});
