// SPDX-License-Identifier: Apache-2.0
// A name server on loopback: names ending in .e2e.test have the address their first label spells
// (a-10-77-0-11.e2e.test); every other name does not exist; hang.* is never answered.
'use strict';

const dgram = require('dgram');

function question(q) {
	const labels = [];
	let o = 12;
	while (q[o]) {
		labels.push(q.toString('latin1', o + 1, o + 1 + q[o]));
		o += q[o] + 1;
	}
	return { name: labels.join('.').toLowerCase(), type: q.readUInt16BE(o + 1), end: o + 5 };
}

function reply(q) {
	const { name, type, end } = question(q);
	if (name.startsWith('hang.')) return null;
	const known = /^a-(\d+)-(\d+)-(\d+)-(\d+)\.e2e\.test$/.exec(name);
	const head = Buffer.from(q.subarray(0, end));
	head.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
	head.writeUInt16BE(known && type === 1 ? 1 : 0, 6);
	head.writeUInt16BE(0, 8);
	head.writeUInt16BE(0, 10);
	if (!known || type !== 1) return head;
	const a = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...known.slice(1, 5).map(Number)]);
	return Buffer.concat([head, a]);
}

function start(port = 5353) {
	const s = dgram.createSocket('udp4');
	s.on('message', (q, from) => {
		const r = q.length > 12 ? reply(q) : null;
		if (r) s.send(r, from.port, from.address);
	});
	return new Promise((resolve) => s.bind(port, '127.0.0.1', () => resolve(s)));
}

module.exports = { start };
