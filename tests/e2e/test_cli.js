// SPDX-License-Identifier: Apache-2.0
// The commands that ask a running engine, as somebody at a terminal uses them.
'use strict';

const assert = require('assert');
const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { twilioClient, BIN, SID, TOKEN } = require('./lib/engine');
const { until } = require('./lib/tap');

const HANG_UP = '<Response><Hangup/></Response>';
const SID2 = `AC${'1234567890abcdef'.repeat(2)}`;
const ROOT = `/2010-04-01/Accounts/${SID}`;

run({}, (s, w) => {
	const cli = (...argv) => {
		const r = spawnSync(BIN, [argv[0], '-c', w.engine.file, ...argv.slice(1)], { encoding: 'utf8', timeout: 10000 });
		return { code: r.status, out: r.stdout, err: r.stderr };
	};
	const json = (...argv) => {
		const r = cli(...argv, '--json');
		assert.strictEqual(r.err, '');
		return r.out.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));
	};
	// The file with other settings, read again; what came of it.
	const reload = (change) => {
		const settings = JSON.parse(JSON.stringify(w.engine.settings));
		change(settings);
		fs.writeFileSync(w.engine.file, JSON.stringify(settings, null, 2));
		return cli('reload');
	};

	s.test('status_says_what_the_engine_is_doing', async () => {
		const r = cli('status');
		assert.strictEqual(r.code, 0, r.err);
		assert.match(r.out, /^version +\d+\.\d+\.\d+$/m);
		assert.match(r.out, new RegExp(`^pid +${w.engine.child.pid}$`, 'm'));
		assert.match(r.out, /^state +running$/m);
		assert.match(r.out, /^health\.status +ok$/m);
		assert.match(r.out, /^calls\.in-progress +0$/m);
		assert.match(r.out, /^webhooks\.callbacks_owed +0$/m);
		const [o] = json('status');
		assert.strictEqual(o.store.path, w.engine.settings.store.path);
	});

	s.test('calls_lists_those_that_are_up_and_call_tells_their_story_so_far', async () => {
		const talk = await callee('answer');
		const { json: { sid } } = await w.engine.create({ To: talk.uri, Twiml: '<Response><Pause length="30"/></Response>' });
		await w.engine.reaches(sid, 'in-progress');
		const [row] = json('calls');
		assert.deepStrictEqual([row.sid, row.status, row.account_sid, row.ended], [sid, 'in-progress', SID, 0]);
		assert.match(cli('calls').out, new RegExp(`${sid}  in-progress +outbound-api .* -> ${talk.uri}`));
		const live = cli('call', sid);
		assert.strictEqual(live.code, 0, live.err);
		assert.match(live.out, /SIP 200: answered by 10\.77\.0\.11\n/);
		assert.doesNotMatch(live.out, /SIP BYE/);
		await w.client.calls(sid).update({ status: 'completed' });
		await w.engine.ended(sid);
		assert.deepStrictEqual(json('calls'), []);
		assert.match(cli('call', sid).out, /SIP BYE: ended by the REST API\n/);
	});

	s.test('call_tells_sip_webhooks_statuses_and_children_in_order', async () => {
		const c = w.app.corner();
		const kate = await callee('answer', { delay_ms: 300 });
		const jim = await callee('refuse', { code: 486, reason: 'Busy Here' });
		c.on('voice', `<Response><Dial><Sip>${jim.uri}</Sip></Dial></Response>`);
		c.on('status', (req, res) => { res.status(204).end(); });
		const { json: { sid } } = await w.engine.create({ To: kate.uri, Url: c.url('voice'), StatusCallback: c.url('status'), StatusCallbackEvent: 'initiated ringing answered completed' });
		await w.engine.ended(sid);
		await c.wait('status', 4);
		await until(() => cli('call', sid).out.includes('number 3'), 'the last callback on record');
		const r = cli('call', sid);
		assert.strictEqual(r.code, 0, r.err);
		const steps = [`queued: asked for by the REST API`, `starts: looking for 10.77.0.11`, `SIP INVITE ${kate.uri}`, 'SIP 180', 'SIP 200: answered',
			`webhook POST ${c.url('voice')} (CallStatus in-progress): 200`, `<Dial> calls ${jim.uri}`, '<Dial> is over: busy',
			'SIP BYE: the TwiML came to its end', 'completed: the TwiML came to its end', `callback POST ${c.url('status')} (CallStatus completed, number 3): 204`];
		let at = 0;
		for (const step of steps) {
			const found = r.out.indexOf(step, at);
			assert.ok(found >= 0, `${step} behind byte ${at} of\n${r.out}`);
			at = found;
		}
		const times = [...r.out.matchAll(/^\d\d:\d\d:\d\d\.\d{3}  \+ *([\d.]+)  /gm)].map((m) => Number(m[1]));
		assert.ok(times.length >= steps.length);
		assert.deepStrictEqual(times, [...times].sort((a, b) => a - b));
		const child = /its <Dial> called:\n.* (CA[0-9a-f]{32})  busy +outbound-dial .*486 Busy Here/.exec(r.out);
		assert.ok(child, r.out);
		const story = cli('call', child[1]).out;
		assert.match(story, new RegExp(`parent_sid +${sid}`));
		assert.match(story, /warning 31486: busy: the far side answered 486 Busy Here/);
		assert.match(story, /Q\.850;cause=17/);
	});

	s.test('calls_follow_shows_each_change_as_it_happens', async () => {
		const child = spawn(BIN, ['calls', '-c', w.engine.file, '--follow', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
		let out = '';
		child.stdout.on('data', (d) => { out += d; });
		const kate = await callee('answer');
		await until(() => w.engine.get('/healthz'), 'the follower connected', 1000);
		const { json: { sid } } = await w.engine.create({ To: kate.uri, Twiml: HANG_UP });
		await w.engine.ended(sid);
		const seen = () => out.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l)).filter((o) => o.sid === sid).map((o) => o.status);
		await until(() => seen().includes('completed'), () => `completed among ${seen()}`);
		assert.deepStrictEqual([...new Set(seen())].filter((x) => x !== 'queued'), ['ringing', 'in-progress', 'completed']);
		child.kill('SIGINT');
	});

	s.test('reload_applies_accounts_and_limits_while_a_call_is_up_and_names_what_it_cannot', async () => {
		const c = w.app.corner();
		const talk = await callee('answer');
		const { json: { sid } } = await w.engine.create({ To: talk.uri, Twiml: '<Response><Pause length="30"/></Response>', StatusCallback: c.url('status') });
		await w.engine.reaches(sid, 'in-progress');
		assert.match(cli('reload').out, /^the configuration is as it was$/m);
		const r = reload((x) => {
			x.accounts.push({ sid: SID2, token: 'brandnewtoken123' });
			x.limits.account_calls = 1;
			x.limits.calls = 300;
			x.network.ip = '10.77.0.3/24';
			x.log.level = 'debug';
		});
		assert.strictEqual(r.code, 0, r.err);
		assert.match(r.out, /^in effect now: limits\.account_calls, log\.level, accounts$/m);
		assert.match(r.out, /^needs a restart: network\.ip, limits\.calls$/m);
		assert.strictEqual((await w.engine.get(`/2010-04-01/Accounts/${SID2}/Calls.json`, { auth: `${SID2}:brandnewtoken123` })).status, 200);
		const refused = await w.engine.create({ To: talk.uri, Twiml: HANG_UP });
		assert.deepStrictEqual([refused.status, refused.json.code], [400, 10004]);
		assert.strictEqual((await w.engine.get(`${ROOT}/Calls/${sid}.json`)).json.status, 'in-progress');
		// The account goes while its call is up: nobody may ask any more, the call ends and is told, signed.
		reload((x) => { x.accounts = [{ sid: SID2, token: 'brandnewtoken123' }]; });
		assert.strictEqual((await w.engine.get(`${ROOT}/Calls/${sid}.json`)).status, 401);
		assert.strictEqual(json('calls').length, 1);
		talk.stop();
		reload(() => {});
		await w.client.calls(sid).update({ status: 'completed' });
		const [told] = await c.wait('status');
		assert.ok(told.valid);
	}, { limit_ms: 90000 });

	s.test('a_token_that_was_changed_is_the_one_that_counts', async () => {
		const talk = await callee('answer');
		reload((x) => { x.accounts[0].token = 'anothertoken9876'; });
		assert.strictEqual((await w.engine.get(`${ROOT}/Calls.json`)).status, 401);
		const call = await twilioClient(SID, 'anothertoken9876').calls.create({ to: talk.uri, from: 'Jack', twiml: HANG_UP });
		reload(() => {});
		assert.strictEqual((await w.engine.ended(call.sid)).status, 'completed');
		assert.strictEqual((await w.engine.get(`${ROOT}/Calls.json`, { auth: `${SID}:anothertoken9876` })).status, 401);
		assert.strictEqual((await w.engine.get(`${ROOT}/Calls.json`, { auth: `${SID}:${TOKEN}` })).status, 200);
	});

	s.test('a_file_with_an_error_changes_nothing', async () => {
		const r = reload((x) => { x.limits.account_calls = 7; x.webhook.total_ms = 'soon'; });
		assert.strictEqual(r.code, 3);
		assert.match(r.err, /:\d+:\d+: webhook\.total_ms .*\nthe engine was not asked/);
		const asked = spawnSync(BIN, ['reload', '-s', `${w.engine.settings.store.path}.control`], { encoding: 'utf8' });
		assert.strictEqual(asked.status, 3);
		assert.match(asked.stderr, /line \d+, column \d+: webhook\.total_ms .*\nnothing was changed\n/);
		assert.strictEqual(reload(() => {}).out, 'the configuration is as it was\n');
	});

	s.test('old_records_go_after_the_time_they_were_given', async () => {
		const kate = await callee('answer');
		const { json: { sid } } = await w.engine.create({ To: kate.uri, Twiml: HANG_UP });
		await w.engine.ended(sid);
		assert.match(reload((x) => { x.store.keep_calls = 1; }).out, /in effect now: store\.keep_calls/);
		await until(async () => { reload((x) => { x.store.keep_calls = 1; }); return (await w.engine.get(`${ROOT}/Calls/${sid}.json`)).status === 404; }, 'the record gone');
		assert.match(cli('call', sid).err, /there is no such call/);
		reload(() => {});
	});

	s.test('wrong_questions_are_answered', async () => {
		assert.strictEqual(cli('call', 'CA123').code, 2);
		assert.strictEqual(cli('call', `CA${'0'.repeat(32)}`).code, 1);
		const r = spawnSync(BIN, ['status', '-s', '/nonexistent/socket'], { encoding: 'utf8' });
		assert.strictEqual(r.status, 1);
		assert.match(r.stderr, /no engine answers at \/nonexistent\/socket/);
	});

	s.test('the_control_socket_is_not_for_strangers_and_outlives_those_who_misuse_it', async () => {
		const at = `${w.engine.settings.store.path}.control`;
		assert.strictEqual(fs.statSync(at).mode & 0o777, 0o600);
		fs.chmodSync(at, 0o666);
		const nobody = spawnSync('setpriv', ['--reuid', '65534', '--clear-groups', BIN, 'status', '-s', at], { encoding: 'utf8' });
		assert.notStrictEqual(nobody.status, 0);
		assert.doesNotMatch(nobody.stdout, /version/);
		const hang = [];
		for (let i = 0; i < 20; i++) hang.push(net.connect(at).on('error', () => {}));
		await until(() => hang.filter((x) => x.destroyed).length >= 4, 'those beyond sixteen to be hung up on');
		hang.forEach((x) => x.destroy());
		const long = net.connect(at).on('error', () => {});
		long.write('x'.repeat(5000));
		await new Promise((r) => long.on('close', r));
		await until(() => cli('status').code === 0, 'status again');
	});
});
