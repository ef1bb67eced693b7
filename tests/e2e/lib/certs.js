// SPDX-License-Identifier: Apache-2.0
// A certification authority of the test's own, and certificates that it made, or did not make.
'use strict';

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const host = require('./host');

const file = (name, ending = 'pem') => path.join(host.dir(), `${name}.${ending}`);

function openssl(...argv) {
	const r = spawnSync('openssl', argv, { encoding: 'utf8' });
	if (r.status !== 0) throw new Error(`openssl ${argv[0]}: ${r.stderr}`);
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

function selfSigned(name, cn, more = []) {
	openssl('req', '-x509', ...EC, '-days', '2', '-subj', `/CN=${cn}`, '-keyout', file(name, 'key'), '-out', file(name), ...more);
}

// san: "DNS:a.test,IP:192.0.2.1"; days: negative for one that has expired.
function signed(name, san, days = 2) {
	fs.writeFileSync(file(name, 'ext'), `subjectAltName=${san}\n`);
	openssl('req', ...EC, '-subj', '/CN=nobody', '-keyout', file(name, 'key'), '-out', file(name, 'csr'));
	openssl('x509', '-req', '-in', file(name, 'csr'), '-CA', file('ca'), '-CAkey', file('ca', 'key'), '-CAcreateserial',
		'-days', String(days), '-extfile', file(name, 'ext'), '-out', file(name));
}

module.exports = { file, selfSigned, signed };
