// SPDX-License-Identifier: Apache-2.0
// What really was on the wire, seen from the peers' host by tcpdump: SIP messages in order, RTP by flow.
// Independent of anything the engine says about itself.
'use strict';

const host = require('./host');
const { until } = require('./tap');

class Capture {
	constructor() {
		this.sip = []; // {t, src, dst, text, start, method|status, headers(name) }
		this.rtp = new Map(); // "src>dst" → {n, ssrcs, first, last, gaps, pts}
		this.icmp = 0;
		this.bytes = Buffer.alloc(0);
		this.sawHeader = false;
	}

	async start() {
		this.child = host.inPeers(['tcpdump', '-i', 'peer0', '-U', '--immediate-mode', '-w', '-', '-B', '8192', 'udp or icmp'],
			{ stdio: ['ignore', 'pipe', 'pipe'] });
		this.child.stdout.on('data', (d) => this.feed(d));
		let ready = false;
		this.child.stderr.on('data', (d) => { ready = ready || String(d).includes('listening'); });
		await until(() => ready, 'tcpdump listening');
	}

	async stop() {
		this.child.kill('SIGTERM');
		await host.ended(this.child);
	}

	feed(d) {
		let b = this.bytes.length ? Buffer.concat([this.bytes, d]) : d;
		if (!this.sawHeader) {
			if (b.length < 24) { this.bytes = b; return; }
			this.sawHeader = true;
			b = b.subarray(24);
		}
		while (b.length >= 16) {
			const len = b.readUInt32LE(8);
			if (b.length < 16 + len) break;
			this.frame(b.readUInt32LE(0) * 1000 + b.readUInt32LE(4) / 1000, b.subarray(16, 16 + len));
			b = b.subarray(16 + len);
		}
		this.bytes = Buffer.from(b);
	}

	frame(t, f) {
		if (f.length >= 62 && f.readUInt16BE(12) === 0x86dd && f[20] === 17) {
			this.datagram(t, `[${six(f.subarray(22, 38))}]`, `[${six(f.subarray(38, 54))}]`, f.subarray(54, 54 + f.readUInt16BE(18)));
			return;
		}
		if (f.length < 34 || f.readUInt16BE(12) !== 0x0800) return;
		const ip = f.subarray(14);
		const ihl = (ip[0] & 15) * 4;
		if (ip[9] === 1) { this.icmp++; return; }
		if (ip[9] !== 17 || (ip.readUInt16BE(6) & 0x1fff)) return;
		const addr = (o) => `${ip[o]}.${ip[o + 1]}.${ip[o + 2]}.${ip[o + 3]}`;
		this.datagram(t, addr(12), addr(16), ip.subarray(ihl, ip.readUInt16BE(2)));
	}

	datagram(t, from, to, udp) {
		if (udp.length < 8) return;
		const src = `${from}:${udp.readUInt16BE(0)}`;
		const dst = `${to}:${udp.readUInt16BE(2)}`;
		const pay = udp.subarray(8);
		if (pay.length >= 12 && (pay[0] & 0xc0) === 0x80) this.rtpPacket(t, src, dst, pay);
		else if (looksSip(pay)) this.sip.push(sipMessage(t, src, dst, pay.toString('latin1')));
	}

	rtpPacket(t, src, dst, p) {
		if ((p[1] & 0x7f) >= 72 && (p[1] & 0x7f) <= 76) return; // RTCP
		const key = `${src}>${dst}`;
		let f = this.rtp.get(key);
		if (!f) this.rtp.set(key, f = { src, dst, n: 0, ssrcs: new Set(), jumps: 0, pts: new Set(), first: t });
		const seq = p.readUInt16BE(2);
		if (f.n && ((seq - f.seq) & 0xffff) !== 1) f.jumps++;
		f.seq = seq;
		f.n++;
		f.last = t;
		f.pts.add(p[1] & 0x7f);
		f.ssrcs.add(p.readUInt32BE(8));
	}

	// Messages that match every given property: {callId, method, status, cseq, from, to} (src/dst by prefix).
	find(q) {
		return this.sip.filter((m) => (!q.callId || m.callId === q.callId) && (!q.method || m.method === q.method) &&
			(!q.status || m.status === q.status) && (!q.cseq || m.cseq.endsWith(q.cseq)) &&
			(!q.src || m.src.startsWith(q.src)) && (!q.dst || m.dst.startsWith(q.dst)));
	}

	wait(q, ms = 5000, n = 1) {
		return until(() => {
			const l = this.find(q);
			return l.length >= n ? l[n - 1] : null;
		}, () => `${n} × ${JSON.stringify(q)} on the wire; seen:\n${this.story(q.callId)}`, ms);
	}

	rtpTo(dst) {
		return [...this.rtp.values()].filter((f) => f.dst.startsWith(dst)).reduce((n, f) => n + f.n, 0);
	}

	rtpFrom(src) {
		return [...this.rtp.values()].filter((f) => f.src.startsWith(src)).reduce((n, f) => n + f.n, 0);
	}

	story(callId) {
		return this.sip.filter((m) => !callId || m.callId === callId).slice(-30)
			.map((m) => `${m.src} > ${m.dst} ${m.start} (${m.cseq})`).join('\n');
	}
}

// As the tests write them: fd00:77::11. Only the longest run of zeros in front of the last group is left out.
function six(b) {
	const g = [];
	for (let i = 0; i < 16; i += 2) g.push(b.readUInt16BE(i).toString(16));
	return g.join(':').replace(/(:0)+:/, '::');
}

function looksSip(p) {
	const s = p.subarray(0, 64).toString('latin1');
	return s.startsWith('SIP/2.0 ') || /^[A-Z]+ \S+/.test(s);
}

function sipMessage(t, src, dst, text) {
	const end = text.indexOf('\r\n\r\n');
	const lines = (end < 0 ? text : text.slice(0, end)).split('\r\n');
	const all = (name) => lines.slice(1).filter((l) => l.toLowerCase().startsWith(`${name.toLowerCase()}:`))
		.map((l) => l.slice(name.length + 1).trim());
	const one = (name) => all(name)[0];
	const start = lines[0];
	return {
		t, src, dst, text, start, all, header: one, body: end < 0 ? '' : text.slice(end + 4),
		method: start.startsWith('SIP/2.0') ? undefined : start.split(' ')[0],
		status: start.startsWith('SIP/2.0') ? Number(start.split(' ')[1]) : undefined,
		callId: one('Call-ID') || '', cseq: one('CSeq') || '',
	};
}

module.exports = { Capture };
