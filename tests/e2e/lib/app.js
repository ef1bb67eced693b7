// SPDX-License-Identifier: Apache-2.0
// The user's application: express, with the official middleware that validates every signature. Each test has
// its own first path element and says what its documents are; everything that comes in is recorded.
'use strict';

const http = require('http');
const express = require('express');
const twilio = require('twilio');
const { TOKEN } = require('./engine');
const { until } = require('./tap');

class App {
	constructor(port) {
		this.port = port;
		this.log = []; // {t, id, what, method, url, params, headers, valid}
		this.docs = new Map(); // "id/what" → text or (req, res) → text
		this.nextId = 1;
		const x = express();
		x.disable('x-powered-by');
		x.use(express.urlencoded({ extended: false }));
		x.use((req, res, next) => this.record(req, res, next));
		x.use(twilio.webhook(TOKEN, { validate: true }));
		x.use((req, res) => this.answer(req, res));
		this.server = http.createServer(x);
	}

	start() {
		return new Promise((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
	}

	stop() {
		this.server.closeAllConnections();
		this.server.close();
	}

	record(req, res, next) {
		const [, id, what] = req.path.split('/');
		const row = { t: Date.now(), id, what, method: req.method, url: req.originalUrl, headers: req.headers,
			params: req.method === 'POST' ? { ...req.query, ...req.body } : { ...req.query }, valid: true };
		req.row = row;
		this.log.push(row);
		res.on('finish', () => { row.status = res.statusCode; if (res.statusCode === 403) row.valid = false; });
		next();
	}

	answer(req, res) {
		const doc = this.docs.get(`${req.row.id}/${req.row.what}`);
		if (doc === undefined) return res.status(204).end();
		if (typeof doc === 'function') {
			const text = doc(req, res);
			return text === undefined ? undefined : res.type('text/xml').send(text);
		}
		return res.type('text/xml').send(doc);
	}

	// A test's own corner: url('voice') for its addresses, on('voice', twiml), seen('status').
	corner() {
		const id = `t${this.nextId++}`;
		const app = this;
		return {
			id,
			url: (what) => `http://127.0.0.1:${app.port}/${id}/${what}`,
			on(what, doc) { app.docs.set(`${id}/${what}`, doc); return this.url(what); },
			seen: (what) => app.log.filter((r) => r.id === id && (!what || r.what === what)),
			wait(what, n = 1, ms = 10000) {
				return until(() => {
					const l = this.seen(what);
					return l.length >= n ? l : null;
				}, () => `${n} × ${what}; came: ${this.seen().map((r) => `${r.what}:${r.params.CallStatus}`)}`, ms);
			},
		};
	}
}

module.exports = { App };
