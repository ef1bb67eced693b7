// SPDX-License-Identifier: Apache-2.0
// Tests that print TAP. test() ones run one after another; race() ones that stand together run at the same
// time, because most of what they do is wait. A test fails by throwing; it gets a context with its own name.
'use strict';

const LIMIT_MS = 60000;

class Suite {
	constructor() {
		this.rows = [];
		this.failed = 0;
		this.n = 0;
	}

	test(name, fn, opt = {}) {
		this.rows.push({ name, fn, race: false, ...opt });
	}

	race(name, fn, opt = {}) {
		this.rows.push({ name, fn, race: true, ...opt });
	}

	async run(onFail) {
		const only = process.env.DIALPLANE_ONLY;
		if (only) this.rows = this.rows.filter((r) => r.name.includes(only));
		process.stdout.write(`TAP version 13\n1..${this.rows.length}\n`);
		while (this.rows.length) {
			const batch = [this.rows.shift()];
			while (batch[0].race && this.rows.length && this.rows[0].race && batch.length < 12) {
				batch.push(this.rows.shift());
			}
			await Promise.all(batch.map((r) => this.one(r, onFail)));
		}
		return this.failed;
	}

	async one(row, onFail) {
		const from = Date.now();
		let err = null;
		try {
			await within(row.limit_ms || LIMIT_MS, row.name, row.fn({ name: row.name }));
		} catch (e) {
			err = e;
		}
		this.report(row.name, Date.now() - from, err);
		if (err && onFail) onFail(row.name);
	}

	report(name, ms, err) {
		this.n++;
		const skip = err && err.skip ? ` # SKIP ${err.message}` : '';
		if (err && !err.skip) this.failed++;
		const word = err && !err.skip ? 'not ok' : 'ok';
		let out = `${word} ${this.n} - ${name}${skip || ` # ${ms} ms`}\n`;
		if (err && !err.skip) {
			out += String(err.stack || err).split('\n').slice(0, 14).map((l) => `#   ${l}\n`).join('');
		}
		process.stdout.write(out);
	}
}

function skip(why) {
	const e = new Error(why);
	e.skip = true;
	throw e;
}

function sleep(ms) {
	return new Promise((r) => setTimeout(r, ms));
}

function within(ms, what, promise) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`${what}: nothing after ${ms} ms`)), ms);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Ask again until fn() gives something true; what() or what says what was missing.
async function until(fn, what, ms = 10000, step = 20) {
	const end = Date.now() + ms;
	for (;;) {
		const v = await fn();
		if (v) return v;
		if (Date.now() > end) {
			throw new Error(`not within ${ms} ms: ${typeof what === 'function' ? what() : what}`);
		}
		await sleep(step);
	}
}

module.exports = { Suite, skip, sleep, within, until };
