// SPDX-License-Identifier: Apache-2.0
// The two hosts of a test (tests/netns): this process moves into the engine's host, where REST, webhooks and
// name service are on loopback; peers are reached by `ip netns exec`.
'use strict';

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const ROOT = path.resolve(__dirname, '..', '..', '..');
const NETNS = path.join(ROOT, 'tests', 'netns');
const ENGINE_IP = '10.77.0.2';
const ENGINE_IP6 = 'fd00:77::2';
const ENV = 'DIALPLANE_HOSTS';

// Call first. In the outer process: make the hosts, run ourselves inside, clean up, exit (never returns).
// In the inner one: returns the name of the hosts.
function enter() {
	if (process.env[ENV]) return process.env[ENV];
	if (process.getuid() !== 0) {
		process.stdout.write('1..0 # SKIP needs root for network namespaces\n');
		process.exit(77);
	}
	const name = `${process.env.DIALPLANE_RUN || 'dpt'}-${process.pid}`;
	const dir = fs.mkdtempSync(path.join(require('os').tmpdir(), `${name}.`));
	let child = null;
	const clean = () => {
		spawnSync(NETNS, ['down', name], { stdio: 'inherit' });
		fs.rmSync(dir, { recursive: true, force: true });
	};
	const stop = (sig) => {
		if (child) child.kill('SIGKILL');
		clean();
		process.exit(sig === 'SIGINT' ? 130 : 143);
	};
	process.on('SIGINT', stop);
	process.on('SIGTERM', stop);
	process.on('SIGHUP', stop);
	if (spawnSync(NETNS, ['up', name], { stdio: 'inherit' }).status !== 0) {
		clean();
		process.exit(1);
	}
	child = spawn('ip', ['netns', 'exec', `${name}-e`, process.execPath, ...process.argv.slice(1)], {
		stdio: 'inherit', env: { ...process.env, [ENV]: name, DIALPLANE_DIR: dir },
	});
	child.on('exit', (code, sig) => {
		clean();
		process.exit(sig ? 1 : code);
	});
	// Nothing of the test itself may run in the outer process.
	return null;
}

const dir = () => process.env.DIALPLANE_DIR;
const peers = () => `${process.env[ENV]}-p`;

function inPeers(argv, opt = {}) {
	return spawn('ip', ['netns', 'exec', peers(), ...argv], opt);
}

function inPeersSync(argv, opt = {}) {
	return spawnSync('ip', ['netns', 'exec', peers(), ...argv], { encoding: 'utf8', ...opt });
}

// One more device in the engine's host, its other end beside it; gone with the host.
function addLink(name) {
	for (const argv of [['add', name, 'type', 'veth', 'peer', 'name', `${name}p`], ['set', `${name}p`, 'up'], ['set', name, 'up']]) {
		if (spawnSync('ip', ['link', ...argv], { stdio: 'inherit' }).status !== 0) throw new Error(`ip link ${argv.join(' ')}`);
	}
}

// fd00:77::1, ::11 … ::14 for the peers; the engine's is ENGINE_IP6 when its config says so.
function six() {
	if (spawnSync(NETNS, ['six', process.env[ENV]], { stdio: 'inherit' }).status !== 0) throw new Error('no IPv6 here');
}

// A process that ended, or is ended after ms: resolves with its exit code (null: by a signal).
function ended(child) {
	return new Promise((resolve) => {
		if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
		else child.once('exit', (code) => resolve(code));
	});
}

module.exports = { ROOT, ENGINE_IP, ENGINE_IP6, enter, six, dir, inPeers, inPeersSync, addLink, ended };
