// SPDX-License-Identifier: Apache-2.0
// Packets that are not what they should be, while a call is up; and every table filled to its end.
'use strict';

const assert = require('assert');
const { run } = require('./lib/world');
const { callee } = require('./lib/sipp');
const { Peer } = require('./lib/peer');
const { sleep, until } = require('./lib/tap');
const host = require('./lib/host');

const response = (inner) => `<Response>${inner}</Response>`;
const E = host.ENGINE_IP;
const LIMIT = 8;

let serial = 0;
function request(method, peer, more = {}) {
	const id = more.id || `wire-${++serial}@e2e`;
	const body = more.body || '';
	const lines = [
		`${method} ${more.ruri || `sip:engine@${E}`} SIP/2.0`,
		`Via: SIP/2.0/UDP ${peer.ip}:${peer.port};branch=${more.branch || `z9hG4bKwire${serial}`};rport`,
		`From: <sip:probe@${peer.ip}>;tag=probe${serial}`,
		`To: <sip:engine@${E}>${more.toTag ? `;tag=${more.toTag}` : ''}`,
		`Call-ID: ${id}`,
		`CSeq: 1 ${method}`,
		`Contact: <sip:probe@${peer.ip}:${peer.port}>`,
		`Max-Forwards: ${more.hops === undefined ? 70 : more.hops}`,
		...(more.headers || []),
		`Content-Length: ${more.length === undefined ? body.length : more.length}`,
	];
	return { id, text: `${lines.join('\r\n')}\r\n\r\n${body}` };
}

// A small generator with a seed, so that a failure can be repeated.
function generator(seed) {
	let x = seed;
	return () => {
		x ^= x << 13; x ^= x >>> 17; x ^= x << 5;
		return x >>> 0;
	};
}

run({ limits: { calls: LIMIT, transactions: 256 } }, (s, w) => {
	let kate, bob, up, peer;

	async function talking() {
		const before = w.wire.rtpTo(`${kate.ip}:${kate.media}`);
		await sleep(300);
		const after = w.wire.rtpTo(`${kate.ip}:${kate.media}`);
		assert.ok(after - before >= 8, `the call that is up still has audio: ${after - before} packets in 300 ms`);
	}

	async function ask(method, more, ms = 3000) {
		const r = request(method, peer, more);
		peer.send(r.text, E, 5060);
		return until(() => peer.answers(r.id).find((a) => a.code >= 200), `an answer to ${method}`, ms);
	}

	s.test('a_call_is_up_for_what_follows', async () => {
		peer = await new Peer('10.77.0.13', 5060).start();
		kate = await callee('answer', { echo: true, recv_ms: 90000 });
		bob = await callee('answer_play', { ip: '10.77.0.12', recv_ms: 90000 });
		const r = await w.engine.create({ To: kate.uri, Twiml: response(`<Dial><Sip>${bob.uri}</Sip></Dial>`) });
		up = r.json.sid;
		await w.wire.wait({ method: 'ACK', dst: bob.addr });
		await until(() => w.wire.rtpTo(`${kate.ip}:${kate.media}`) > 10, 'audio');
		await talking();
	});

	s.test('rtp_from_a_stranger_is_dropped_and_counted', async () => {
		const flow = [...w.wire.rtp.values()].find((f) => f.src === `${kate.ip}:${kate.media}`);
		const port = Number(flow.dst.split(':')[1]);
		const before = await w.engine.counter('drop_rtp_stranger');
		const rtp = Buffer.alloc(172);
		rtp[0] = 0x80; rtp[1] = 8;
		for (let i = 0; i < 20; i++) {
			rtp.writeUInt16BE(i, 2); rtp.writeUInt32BE(i * 160, 4); rtp.writeUInt32BE(0xbadbad, 8);
			peer.send(rtp, E, port);
		}
		await until(async () => await w.engine.counter('drop_rtp_stranger') >= before + 20, '20 strangers counted');
		const toBob = [...w.wire.rtp.values()].find((f) => f.dst === `${bob.ip}:${bob.media}`);
		assert.strictEqual(toBob.ssrcs.size, 1);
	});

	s.test('options_is_answered_and_its_retransmission_absorbed', async () => {
		const r = request('OPTIONS', peer);
		peer.send(r.text, E, 5060);
		await until(() => peer.answers(r.id).length === 1, '200 to OPTIONS');
		peer.send(r.text, E, 5060);
		await until(() => peer.answers(r.id).length === 2, '200 again');
		const [a, b] = peer.answers(r.id);
		assert.deepStrictEqual([a.code, a.text], [200, b.text]);
		assert.match(a.text, /^Via: .*;received=10\.77\.0\.13|^Via: .*;rport=5060/mi);
	});

	s.test('requests_from_outside_get_the_answer_rfc_3261_asks_for', async () => {
		assert.strictEqual((await ask('BYE', { toTag: 'nowhere' })).code, 481);
		const odd = await ask('FROBNICATE');
		assert.ok([405, 501].includes(odd.code), String(odd.code));
		assert.match(odd.text, /^Allow: .*INVITE/mi);
		assert.strictEqual((await ask('OPTIONS', { headers: ['Require: teleport'] })).code, 420);
		assert.strictEqual((await ask('OPTIONS', { length: 9999 })).code, 400);
		assert.strictEqual((await ask('OPTIONS', { length: -1 })).code, 400);
		assert.strictEqual((await ask('OPTIONS', { length: '99999999999999999999' })).code, 400);
		const invite = request('INVITE', peer);
		peer.send(invite.text, E, 5060);
		const no = await until(() => peer.answers(invite.id).find((a) => a.code >= 300), 'INVITE from outside refused');
		peer.send(invite.text.replace('INVITE sip', 'ACK sip').replace('1 INVITE', '1 ACK')
			.replace(/^To:.*$/m, /^To:.*$/mi.exec(no.text)[0]), E, 5060);
		await talking();
	});

	s.test('an_ack_or_a_response_is_never_answered', async () => {
		const ack = request('ACK', peer, { toTag: 'x' });
		const stray = `SIP/2.0 200 OK\r\n${request('OPTIONS', peer, { id: 'stray@e2e' }).text.split('\r\n').slice(1).join('\r\n')}`;
		const broken = request('ACK', peer, { length: 9999 });
		for (const t of [ack.text, stray, broken.text]) peer.send(t, E, 5060);
		await sleep(400);
		for (const id of [ack.id, 'stray@e2e', broken.id]) assert.strictEqual(peer.answers(id).length, 0);
		assert.ok(await w.engine.counter('drop_sip_stray_response') >= 1);
		assert.ok(await w.engine.counter('drop_sip_stray_ack') >= 1);
	});

	s.test('keep_alives_and_empty_datagrams_are_counted_only', async () => {
		const before = peer.got.length;
		const n = await w.engine.counter('sip_keepalives');
		peer.send('\r\n\r\n', E, 5060);
		peer.send('', E, 5060);
		await until(async () => await w.engine.counter('sip_keepalives') > n, 'a keep-alive counted');
		assert.strictEqual(peer.got.length, before);
	});

	s.test('garbage_and_every_truncation_of_an_invite_disturb_nothing', async () => {
		const next = generator(20240601);
		for (let i = 0; i < 400; i++) {
			const b = Buffer.alloc(1 + next() % 1200);
			for (let k = 0; k < b.length; k++) b[k] = next();
			peer.send(b, E, 5060);
		}
		const whole = request('INVITE', peer, { body: 'v=0\r\n' }).text;
		for (let cut = 1; cut < whole.length; cut++) peer.send(whole.slice(0, cut), E, 5060);
		for (let i = 0; i < 300; i++) {
			const b = Buffer.from(request('OPTIONS', peer).text, 'latin1');
			for (let k = 0; k < 3; k++) b[next() % b.length] = next();
			peer.send(b, E, 5060);
		}
		await talking();
		const m = await w.engine.metrics();
		assert.ok(m.dialplane_drop_sip_bad_total + m.dialplane_sip_bad_requests_total > 300);
		assert.strictEqual((await ask('OPTIONS')).code, 200);
	});

	s.test('a_datagram_in_fragments_is_put_together', async () => {
		const n = await w.engine.counter('ip_reassembled');
		const a = await ask('OPTIONS', { headers: [`X-Long: ${'y'.repeat(2500)}`] });
		assert.strictEqual(a.code, 200);
		// AF_PACKET hands over datagrams that the kernel has put together already.
		if (w.engine.log(1e6).includes('net_af_xdp')) assert.ok(await w.engine.counter('ip_reassembled') > n);
	});

	s.test('an_invite_larger_than_the_mtu_arrives_whole', async () => {
		const jim = await callee('answer');
		const n = await w.engine.counter('ip_frags_out');
		const value = 'z'.repeat(980);
		const r = await w.engine.create({ To: `${jim.uri}?X-Long=${value}`, Twiml: response('<Hangup/>') });
		assert.strictEqual((await w.engine.ended(r.json.sid)).status, 'completed');
		await jim.ok();
		assert.ok(await w.engine.counter('ip_frags_out') >= n + 2);
	});

	s.test('an_echo_request_is_answered', async () => {
		const py = 'import socket,struct,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_RAW,1)\ns.settimeout(2)\n' +
			'def ck(b):\n n=sum(struct.unpack("!%dH"%(len(b)//2),b))\n n=(n>>16)+(n&65535)\n n+=n>>16\n return ~n&65535\n' +
			'h=struct.pack("!BBHHH",8,0,0,77,1)+b"dialplane-"\nh=h[:2]+struct.pack("!H",ck(h))+h[4:]\n' +
			`s.sendto(h,("${E}",0))\nr=s.recv(2000)[20:]\nsys.exit(0 if r[0]==0 and r[4:]==h[4:] else 1)`;
		assert.strictEqual(host.inPeersSync(['python3', '-c', py], { timeout: 5000 }).status, 0);
	});

	s.test('a_full_call_table_is_429_and_calls_that_are_up_stay', async () => {
		const jim = await callee('ring', { calls: LIMIT });
		const made = [];
		let full;
		for (let i = 0; i < LIMIT + 2 && !full; i++) {
			const r = await w.engine.create({ To: jim.uri, Twiml: response('<Pause/>') });
			if (r.status === 201) made.push(r.json.sid);
			else full = r;
		}
		assert.ok(full, `no refusal after ${made.length} calls`);
		assert.deepStrictEqual([full.status, full.json.code], [429, 20429]);
		assert.ok(made.length >= LIMIT - 2 && made.length < LIMIT, `${made.length} calls beside the two legs that are up`);
		await talking();
		for (const sid of made) await w.engine.post(`${w.engine.calls()}/${sid}.json`, { Status: 'canceled' });
		for (const sid of made) await w.engine.ended(sid);
		jim.stop();
		const again = await callee('answer');
		const r = await w.engine.create({ To: again.uri, Twiml: response('<Hangup/>') });
		assert.strictEqual(r.status, 201, 'there is room again');
		await w.engine.ended(r.json.sid);
		await again.ok();
	});

	s.test('the_call_that_was_up_all_the_time_ends_as_it_should', async () => {
		await w.engine.post(`${w.engine.calls()}/${up}.json`, { Status: 'completed' });
		assert.strictEqual((await w.engine.ended(up)).status, 'completed');
		await kate.ok();
		await bob.ok();
		peer.stop();
		assert.strictEqual(await w.engine.counter('sip_illegal_event'), 0);
	});
});
