// SPDX-License-Identifier: Apache-2.0
// Everything one test file needs, made once: hosts, names, capture, application, engine; and taken down again.
'use strict';

const fs = require('fs');
const host = require('./host');
const { Suite } = require('./tap');

// build(suite, world) adds the tests; what it returns is one more test, run after the engine has stopped.
// settings: over the engine's defaults; argv: further arguments of `dialplane run`.
async function run(settings, build, argv = () => []) {
	if (!host.enter()) return;
	const { Capture } = require('./capture');
	const { App } = require('./app');
	const { Engine, twilioClient, BIN } = require('./engine');
	const sipp = require('./sipp');
	if (!fs.existsSync(BIN)) {
		process.stdout.write(`1..0 # SKIP no engine at ${BIN}\n`);
		process.exit(77);
	}
	const w = { suite: new Suite(), wire: new Capture(), app: new App(8090), client: twilioClient() };
	const names = await require('./names').start();
	await w.wire.start();
	await w.app.start();
	try {
		w.engine = await new Engine(settings, 'engine', argv()).start();
	} catch (e) {
		process.stdout.write(`1..1\nnot ok 1 - the engine starts\n${comment(String(e.stack))}`);
		process.exit(1);
	}
	const last = build(w.suite, w);
	w.suite.test('the engine is alive, has no leg left and stops by itself with exit code 0', async () => {
		await w.engine.drained(45000);
		await w.engine.stop();
	}, { limit_ms: 90000 });
	if (last) w.suite.test(last.name, last);
	const failed = await w.suite.run(() => process.stdout.write(comment(w.engine.log(3000))));
	sipp.stopAll();
	if (w.engine.alive()) await w.engine.kill();
	w.app.stop();
	names.close();
	await w.wire.stop();
	process.exit(failed ? 1 : 0);
}

function comment(text) {
	return text.split('\n').map((l) => `#   engine: ${l}\n`).join('');
}

module.exports = { run };
