// Behind a token: who has none sees the form, who has it sees figures, until they sign out.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { newTab, open, settle } from './support/browser.mjs';
import { serve } from './support/server.mjs';
import { browser, lake } from './support/world.mjs';

const token = randomBytes(24).toString('hex');
const viewer = randomBytes(24).toString('hex');
const server = await serve(
  lake,
  `[[tokens]]\nname = "admin"\ntoken = "${token}"\nrole = "admin"\n
   [[tokens]]\nname = "viewer"\ntoken = "${viewer}"\n`,
);
// Tabs that have shown nothing yet.
const stranger = { extraHTTPHeaders: {} };

after(() => server.stop());

async function signIn(page, text) {
  await page.locator('input[name="token"]').fill(text);
  await page.locator('form[action^="/login"] button, form button').first().click();
}

test('no page and no report opens without the token', async () => {
  for (const path of ['/', '/channels', '/api/reports', '/api/lake', '/api/reports/channels']) {
    assert.equal((await fetch(server.url + path)).status, 401, path);
  }
});

test('a wrong token is refused', async () => {
  const { page, close } = await newTab(browser, stranger);
  await page.goto(`${server.url}/channels`);
  await signIn(page, 'not the token');
  await page.getByRole('alert').filter({ hasText: 'token' }).waitFor();
  assert.equal(await page.locator('.panel').count(), 0);
  const answer = await page.request.get(`${server.url}/api/lake`);
  assert.equal(answer.status(), 401);
  await close();
});

test('the token opens the page that was asked for, and signing out closes it', async () => {
  const { page, close } = await newTab(browser, stranger);
  await page.goto(`${server.url}/channels?unit=account`);
  await signIn(page, token);
  await settle(page);
  assert.equal(new URL(page.url()).pathname, '/channels');
  assert.ok((await page.locator('.panel table tbody tr').count()) > 5);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.locator('input[name="token"]').waitFor();
  assert.equal((await page.request.get(`${server.url}/api/lake`)).status(), 401);
  await close();
});

test('a page whose session is over asks for the token again', async () => {
  const { page, close } = await newTab(browser, stranger);
  await page.goto(server.url);
  await signIn(page, token);
  await settle(page);
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Audit', exact: true }).click();
  await page.locator('input[name="token"]').waitFor();
  assert.equal(new URL(page.url()).pathname, '/audit');
  await close();
});

test('a link signs in', async () => {
  const { page, close } = await newTab(browser, stranger);
  await page.goto(`${server.url}/login?token=${token}`);
  await settle(page);
  assert.equal(page.url(), `${server.url}/`);
  assert.equal((await page.request.get(`${server.url}/api/ingestion`)).status(), 200);
  await close();
});

test('a viewer is shown no page and no button that is not for viewers', async () => {
  const { page, faults, close } = await newTab(browser, stranger);
  await page.goto(`${server.url}/login?token=${viewer}`);
  await settle(page);
  for (const path of ['/accounts', '/reports/funnel']) {
    await open(page, server.url + path);
    assert.equal(await page.getByRole('button', { name: /^SQL/ }).count(), 0, path);
    assert.equal(await page.getByRole('link', { name: 'Ingestion' }).count(), 0, path);
  }
  await open(page, `${server.url}/ingestion`);
  await page.getByText('needs a token of role admin').waitFor();
  assert.deepEqual(faults, []);
  await close();
});
