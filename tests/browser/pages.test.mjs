// Every page loads, shows figures, logs no error and asks no other host; a narrow screen does
// not scroll sideways; what is one click away is there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTab, open, PAGES, settle } from './support/browser.mjs';
import { browser, server } from './support/world.mjs';

for (const path of PAGES) {
  test(`${path} loads without an error`, async () => {
    const { page, faults, close } = await newTab(browser);
    const hosts = new Set();
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    await open(page, server.url + path);
    assert.equal(await page.locator('.failure').count(), 0);
    assert.ok((await page.locator('main').innerText()).length > 200);
    assert.deepEqual(faults, []);
    assert.deepEqual([...hosts], [server.url]);
    await close();
  });

  test(`${path} fits a width of 360 pixels`, async () => {
    const { page, close } = await newTab(browser, { viewport: { width: 360, height: 740 } });
    await open(page, server.url + path);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `the page is ${width} pixels wide`);
    await close();
  });
}

test('a server that refuses is quoted, and asked again on demand', async () => {
  const { page, close } = await newTab(browser);
  let answers = 0;
  await page.route('**/api/reports/accounts?*', (route) => {
    answers += 1;
    if (answers > 1) return route.continue();
    const body = JSON.stringify({ error: 'the query needs <b>more</b> memory' });
    return route.fulfill({ status: 507, contentType: 'application/json', body });
  });
  await open(page, `${server.url}/accounts?limit=7`);
  const failure = page.locator('.failure');
  assert.match(await failure.innerText(), /the query needs <b>more<\/b> memory/);
  await failure.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.panel table').waitFor();
  assert.equal(await page.locator('.panel tbody tr').count(), 7);
  await close();
});

test('a busy server is asked again after a while', async () => {
  const { page, close } = await newTab(browser);
  let answers = 0;
  await page.route('**/api/reports/audit', (route) => {
    answers += 1;
    if (answers > 1) return route.continue();
    const headers = { 'retry-after': '1' };
    const body = JSON.stringify({ error: 'too many queries at once; try again' });
    return route.fulfill({ status: 503, contentType: 'application/json', headers, body });
  });
  await open(page, `${server.url}/audit`);
  assert.equal(answers, 2);
  assert.ok((await page.locator('.finding').count()) > 3);
  await close();
});

test('dates without a session show that there is nothing', async () => {
  const { page, close } = await newTab(browser);
  await open(page, `${server.url}/accounts?from=2031-01-01&to=2031-02-01`);
  assert.match(await page.locator('.panel').innerText(), /No rows with these filters/);
  await close();
});

test('CSV and SQL of a panel are one click away', async () => {
  const { page, close } = await newTab(browser);
  await open(page, `${server.url}/channels?unit=account`);
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'CSV of Channels', exact: true }).click();
  const download = await downloading;
  assert.equal(download.suggestedFilename(), 'channels.csv');
  await page.getByRole('button', { name: 'SQL of Channels', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('pre').waitFor();
  const sql = await dialog.locator('pre').innerText();
  assert.match(sql, /SELECT/);
  assert.match(sql, /'account'/);
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await dialog.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), sql);
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await close();
});

test('the state of the ingester is asked again and drawn', async () => {
  const { page, close } = await newTab(browser);
  let asked = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/ingestion')) asked += 1;
  });
  await open(page, `${server.url}/ingestion`);
  await page.waitForFunction(
    () => document.querySelector('[data-tile="rate"] .tile-value').textContent !== '…',
  );
  assert.ok(asked >= 2);
  assert.match(await page.locator('.state').innerText(), /Ready/);
  await close();
});

test('the keyboard reaches the content and opens pages', async () => {
  const { page, close } = await newTab(browser);
  await open(page, server.url);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  await page.getByRole('link', { name: 'Channels', exact: true }).focus();
  await page.keyboard.press('Enter');
  await settle(page);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Channels');
  assert.equal(await page.title(), 'Channels · tributary');
  await close();
});
