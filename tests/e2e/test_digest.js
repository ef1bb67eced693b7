// SPDX-License-Identifier: Apache-2.0
// Digest as a client: callees that ask for credentials and reckon for themselves (SIPp with MD5; node's crypto with the
// algorithms of RFC 8760), called by REST and by <Dial>; and where the password must never show up.
'use strict';

const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Peer } = require('./lib/peer');
const { ENGINE_IP } = require('./lib/host');
const { until } = require('./lib/tap');

const USER = 'alice';
const PASSWORD = 'Circle Of Life';
const STAY = '<Response><Pause length="60"/></Response>';

// A callee of our own: 407 with the given challenges, then 486 to who answers rightly and 403 to who does not.
class Doorman {
	constructor(ip, port, challenges) {
		this.peer = new Peer(ip, port);
		this.challenges = challenges;
		this.seen = 0;
		this.uri = `sip:doorman@${ip}:${port}`;
	}

	async start() {
		await this.peer.start();
		this.timer = setInterval(() => this.look(), 20);
		return this;
	}

	look() {
		while (this.seen < this.peer.got.length) {
			const text = this.peer.got[this.seen++].data.toString('latin1');
			if (text.startsWith('INVITE ')) this.invite(text);
		}
	}

	invite(text) {
		const line = (name) => (new RegExp(`^${name}:\\s*(.*)$`, 'mi').exec(text) || [])[1];
		const said = line('Proxy-Authorization');
		const code = !said ? 407 : this.right(said) ? 486 : 403;
		const more = code === 407 ? this.challenges.map((c) => `Proxy-Authenticate: Digest ${c}`) : [];
		this.peer.send([`SIP/2.0 ${code} So`, `Via: ${line('Via')}`, `From: ${line('From')}`, `To: ${line('To')};tag=door${code}`,
			`Call-ID: ${line('Call-ID')}`, `CSeq: ${line('CSeq')}`, ...more, 'Content-Length: 0', '', ''].join('\r\n'), ENGINE_IP, 5060);
		this.said = said || this.said;
	}

	right(said) {
		const p = (name) => (new RegExp(`[ ,]${name}="?([^",]*)`).exec(said) || [])[1];
		const hash = { 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256', MD5: 'md5' }[p('algorithm')];
		const h = (s) => crypto.createHash(hash).update(s).digest('hex');
		const a1 = h(`${USER}:${p('realm')}:${PASSWORD}`);
		const a2 = h(`INVITE:${p('uri')}`);
		return p('username') === USER && p('response') === h(`${a1}:${p('nonce')}:${p('nc')}:${p('cnonce')}:auth:${a2}`);
	}

	stop() {
		clearInterval(this.timer);
		this.peer.stop();
	}
}

run({}, (s, w) => {
	async function call(to, more = {}) {
		const c = w.app.corner();
		const made = await w.client.calls.create({ to, from: 'Jack', twiml: STAY, statusCallback: c.url('status'),
			statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'], ...more });
		return { sid: made.sid, corner: c,
			end: async () => (await until(() => c.seen('status').find((r) => ['completed', 'failed', 'busy'].includes(r.params.CallStatus)),
				'the end', 15000)).params };
	}

	s.race('a_callee_with_digest_is_called_by_rest_with_sip_auth_username_and_password', async () => {
		const kate = await callee('digest', { delay_ms: 200 });
		const k = await call(kate.uri, { sipAuthUsername: USER, sipAuthPassword: PASSWORD });
		await w.engine.reaches(k.sid, 'in-progress');
		await w.client.calls(k.sid).update({ status: 'completed' });
		assert.strictEqual((await k.end()).CallStatus, 'completed');
		await kate.ok();
		const words = k.corner.seen('status').map((r) => r.params.CallStatus);
		assert.deepStrictEqual(words, ['initiated', 'ringing', 'in-progress', 'completed']);
		const tries = w.wire.find({ method: 'INVITE', dst: kate.addr });
		assert.strictEqual(new Set(tries.map((m) => m.callId)).size, 1);
		assert.ok(!tries[0].header('Authorization'));
		assert.match(tries[tries.length - 1].header('Authorization'), /^Digest username="alice", realm="pbx"/);
		const acks = w.wire.find({ method: 'ACK', dst: kate.addr, callId: tries[0].callId });
		assert.ok(!acks[0].header('Authorization'), 'the ACK of a 401 carries no credentials');
	});

	s.race('a_noun_with_username_and_password_is_let_in', async () => {
		const bob = await callee('digest', { delay_ms: 200 });
		const kate = await callee('answer');
		const c = w.app.corner();
		c.on('voice', `<Response><Dial timeLimit="1" action="${c.url('after')}"><Sip username="${USER}" password="${PASSWORD}">${bob.uri}</Sip></Dial></Response>`);
		c.on('after', '<Response><Hangup/></Response>');
		await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice') });
		const [after] = await c.wait('after', 1, 15000);
		assert.strictEqual(after.params.DialCallStatus, 'completed');
		await bob.ok();
		await kate.ok();
	});

	s.race('a_wrong_password_is_tried_once_and_fails_with_401', async () => {
		const kate = await callee('digest');
		const k = await call(kate.uri, { sipAuthUsername: USER, sipAuthPassword: 'wr0ng-secret' });
		const end = await k.end();
		assert.deepStrictEqual([end.CallStatus, end.SipResponseCode], ['failed', '401']);
		await kate.ok();
		const notes = (await w.engine.get(`${w.engine.calls()}/${k.sid}/Notifications.json`)).json.notifications;
		const said = notes.find((n) => n.error_code === '32202');
		assert.match(decodeURIComponent(said.message_text), /the\+user\+name\+or\+password\+is\+wrong/);
		assert.strictEqual(new Set(w.wire.find({ method: 'INVITE', dst: kate.addr }).map((m) => m.cseq)).size, 2);
	});

	s.race('without_credentials_a_challenge_is_the_result', async () => {
		const kate = await callee('refuse', { code: 407, reason: 'Proxy Authentication Required' });
		const end = await (await call(kate.uri)).end();
		assert.deepStrictEqual([end.CallStatus, end.SipResponseCode], ['failed', '407']);
		await kate.ok();
	});

	s.race('rfc8760_the_strongest_of_several_challenges_is_answered', async () => {
		const door = await new Doorman('10.77.0.14', 5075, ['realm="d", nonce="a1", qop="auth", algorithm=MD5',
			'realm="d", nonce="b2", qop="auth", algorithm=SHA-512-256', 'realm="d", nonce="c3", qop="auth", algorithm=SHA-256']).start();
		const k = await call(door.uri, { sipAuthUsername: USER, sipAuthPassword: PASSWORD });
		assert.strictEqual((await k.end()).CallStatus, 'busy', door.said);
		assert.match(door.said, /nonce="b2".*algorithm=SHA-512-256/);
		door.stop();
	});

	s.race('rfc8760_sha_256_is_answered_to_a_proxy', async () => {
		const door = await new Doorman('10.77.0.14', 5076, ['realm="d", nonce="c3", qop="auth", algorithm=SHA-256']).start();
		const k = await call(door.uri, { sipAuthUsername: USER, sipAuthPassword: PASSWORD });
		assert.strictEqual((await k.end()).CallStatus, 'busy', door.said);
		door.stop();
	});

	s.test('the_password_shows_up_nowhere', async () => {
		const bob = await callee('digest', { delay_ms: 200 });
		const kate = await callee('answer');
		const c = w.app.corner();
		c.on('voice', `<Response><Dial timeLimit="1"><Sip username="${USER}" password="${PASSWORD}">${bob.uri}</Sip></Dial></Response>`);
		const made = await w.client.calls.create({ to: kate.uri, from: 'Jack', url: c.url('voice'), sipAuthUsername: USER, sipAuthPassword: 'rest-Secret-1' });
		await w.engine.ended(made.sid);
		await kate.ok();
		const base = `${w.engine.calls()}/${made.sid}`;
		const shown = [];
		for (const p of [`${base}.json`, `${base}/Events.json`, `${base}/Notifications.json`, `${w.engine.calls()}.json`]) {
			shown.push((await w.engine.get(p)).text);
		}
		assert.ok(shown.join().includes('password=\\"***\\"'), 'the document is kept without its password');
		shown.push(w.engine.log(1e7));
		const db = w.engine.settings.store.path;
		for (const f of [db, `${db}-wal`]) if (fs.existsSync(f)) shown.push(fs.readFileSync(f, 'latin1'));
		for (const text of shown) {
			assert.ok(!text.includes(PASSWORD) && !text.includes('rest-Secret-1'), 'a password was shown');
		}
	});
});
