// Starts the real program for a test: fills a lake of its own with sample sessions and serves
// it. TRIBUTARY_BIN names the program; all files go below TRIBUTARY_TEST_DIR.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = process.env.TRIBUTARY_BIN;
const FOLDER = process.env.TRIBUTARY_TEST_DIR ?? tmpdir();
const READY_MS_MAX = 60_000;

/** The tokens that servers made, by their address. */
const made = new Map();

/** Sessions of the lake that tests look at. */
export const SESSIONS = 3000;

const CONVERSIONS = `conversion,converted_at,email,company_domain,value,currency,external_id
deal,2026-03-20T10:00:00Z,,copperleafaerospace.com,48000,USD,d1
deal,2026-03-28T10:00:00Z,,nobody-knows.example,22000,USD,d2
`;
const SPEND = `day,source,medium,campaign,amount,currency
2026-02-01,google,cpc,competitor-conquest,1200.5,USD
2026-03-01,google,cpc,,240,USD
2026-03-02,linkedin,paid_social,,310,USD
`;

/** Makes a folder with a filled lake; tests in one process share it. */
export function makeLake() {
  if (PROGRAM === undefined) throw new Error('TRIBUTARY_BIN must name the program to test');
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(FOLDER, 'browser-'));
  const lake = join(folder, 'lake');
  const events = run(['generate', String(SESSIONS), '--seed', '0']);
  writeFileSync(join(folder, 'events.ndjson'), events);
  writeFileSync(join(folder, 'conversions.csv'), CONVERSIONS);
  writeFileSync(join(folder, 'spend.csv'), SPEND);
  const journal = join(folder, 'import-journal');
  run(['import', join(folder, 'events.ndjson'), '--lake', lake, '--journal', journal]);
  run(['load', 'conversions', join(folder, 'conversions.csv'), '--lake', lake]);
  run(['load', 'spend', join(folder, 'spend.csv'), '--lake', lake]);
  return { folder, lake, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Serves a lake on free ports of loopback, behind a tokens file of this text if there is one. */
export async function serve({ folder, lake }, tokens) {
  const [webhooks, port] = [await freePort(), await freePort()];
  const name = `serve-${port}`;
  const journal = join(folder, name);
  const options = ['serve', '--lake', lake, '--journal', journal, '--allow-unsigned'];
  options.push('--listen', `${webhooks}`, '--dashboard-listen', `${port}`);
  if (tokens !== undefined) {
    const file = join(folder, `${name}-tokens.toml`);
    writeFileSync(file, tokens, { mode: 0o600 });
    options.push('--tokens-file', file);
  }
  const child = spawn(PROGRAM, options, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (bytes) => {
    log += bytes;
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(`http://127.0.0.1:${webhooks}/readyz`, child, () => log);
  await untilReady(`${url}/login`, child, () => log);
  // The one that was made, if none was given.
  const token =
    tokens === undefined ? readFileSync(join(journal, 'dashboard-token'), 'utf8').trim() : null;
  if (token !== null) made.set(url, token);
  return { url, token, stop: () => stop(child) };
}

/** Asks a server for a path with the token that it made. */
export function ask(url, path = '/') {
  return fetch(url + path, { headers: { authorization: `Bearer ${made.get(url)}` } });
}

/** What a report answers, as rows. */
export async function rowsOf(url, name, parameters = {}) {
  const search = new URLSearchParams(parameters).toString();
  const response = await ask(url, `/api/reports/${name}?${search}`);
  if (!response.ok) throw new Error(`report ${name}: ${response.status} ${await response.text()}`);
  return response.json();
}

function run(options) {
  const result = spawnSync(PROGRAM, options, { maxBuffer: 1 << 30 });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) throw new Error(`tributary ${options[0]}: ${result.stderr}`);
  return result.stdout;
}

async function untilReady(url, child, log) {
  const end = Date.now() + READY_MS_MAX;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`tributary serve ended: ${log()}`);
    try {
      const response = await fetch(url);
      if (response.ok) return;
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop(child);
  throw new Error(`tributary serve is not ready: ${log()}`);
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
