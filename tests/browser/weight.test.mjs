// What the first load weighs, and that it comes from this server alone, under a policy that
// forbids inline scripts.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import { newTab, open } from './support/browser.mjs';
import { ask } from './support/server.mjs';
import { browser, server } from './support/world.mjs';

const BYTES_MAX = 300_000;
// A generous bound against blunders; how fast a page is depends on the machine.
const READY_MS_MAX = 20_000;

test('scripts and styles of the first load are under 300 kB compressed', async () => {
  const { page, close } = await newTab(browser);
  const bodies = [];
  page.on('response', (response) => {
    if (/\.(js|css)$/.test(new URL(response.url()).pathname)) bodies.push(response.body());
  });
  const start = Date.now();
  await open(page, server.url);
  const elapsed = Date.now() - start;
  const bytes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
  const total = bytes.reduce((sum, one) => sum + one, 0);
  assert.ok(bytes.length >= 3, 'scripts and styles were seen');
  assert.ok(total > 50_000, `only ${total} bytes were seen`);
  assert.ok(total < BYTES_MAX, `${total} bytes`);
  assert.ok(elapsed < READY_MS_MAX, `${elapsed} ms`);
  console.log(`first load: ${total} bytes compressed, ready after ${elapsed} ms`);
  await close();
});

test('the policy forbids inline scripts, and the page has none', async () => {
  const response = await ask(server.url);
  const policy = response.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
  const html = await response.text();
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)[^>]*>/);
});

test('files of the build may be kept for ever, the page may not', async () => {
  const html = await (await ask(server.url)).text();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1];
  assert.ok(script !== undefined);
  const cache = async (path) => (await ask(server.url, path)).headers.get('cache-control') ?? '';
  assert.match(await cache(script), /immutable/);
  assert.doesNotMatch(await cache('/'), /immutable/);
});
