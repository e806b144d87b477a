// Figures on pages are those of the API, filters change them, and a link restores a view.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTab, open, settle, tableOf } from './support/browser.mjs';
import { ask, rowsOf } from './support/server.mjs';
import { browser, server } from './support/world.mjs';

/** A figure on the page as a number; those that are shortened carry the whole in their title. */
function tile(page, name) {
  return page.locator(`[data-tile="${name}"] .tile-value`).evaluate((element) => {
    return Number(element.title.replaceAll(',', ''));
  });
}

function sum(rows, column) {
  return Math.round(100 * rows.reduce((total, row) => total + row[column], 0)) / 100;
}

/** How a number of the API must stand in a cell. */
function written(value, name) {
  if (value === null) return '–';
  if (typeof value !== 'number') return value;
  const text = (digits) => value.toLocaleString('en', { maximumFractionDigits: digits });
  if (name === 'value' || name === 'cost' || name.startsWith('cost_per')) {
    return text(Math.abs(value) >= 1000 ? 0 : 2);
  }
  if (name === 'roas') return `${text(2)}×`;
  const percent = name.endsWith('_percent') ? value : name === 'conversion_rate' ? 100 * value : null;
  if (percent === null) return text(2);
  const digits = Math.abs(percent) >= 100 ? 0 : 2;
  return `${percent.toLocaleString('en', { maximumFractionDigits: digits })}%`;
}

test('tiles of the overview sum the reports', async () => {
  const { page, close } = await newTab(browser);
  await open(page, server.url);
  const days = await rowsOf(server.url, 'overview');
  const total = (await rowsOf(server.url, 'channels')).at(-1);
  for (const name of ['sessions', 'pageviews', 'conversions', 'value']) {
    assert.equal(await tile(page, name), sum(days, name), name);
  }
  for (const name of ['people', 'accounts']) {
    assert.equal(await tile(page, name), total[name], name);
  }
  assert.ok((await tile(page, 'sessions')) > 2000);
  await close();
});

test('each cell of the table of channels is that of the report', async () => {
  const { page, close } = await newTab(browser);
  await open(page, `${server.url}/channels?model=linear&range=28d`);
  const lakeState = await (await ask(server.url, '/api/lake')).json();
  const to = dayAfter(lakeState.last_day, 1);
  const parameters = { model: 'linear', from: dayAfter(to, -28), to };
  const rows = await rowsOf(server.url, 'channels', parameters);
  const cells = await tableOf(page, 'channels');
  assert.equal(cells.length, rows.length);
  assert.ok(rows.length > 10);
  rows.forEach((row, i) => {
    for (const [name, text] of Object.entries(cells[i])) {
      assert.equal(text, written(row[name], name), `${row.channel}: ${name}`);
    }
  });
  const shown = Object.keys(cells[0]);
  const filled = Object.keys(rows[0]).filter((name) => rows.some((row) => row[name] !== null));
  assert.deepEqual(shown, filled);
  await close();
});

test('campaigns, paths, accounts and firmographics are those of their reports', async () => {
  const { page, close } = await newTab(browser);
  const views = [
    ['/campaigns', 'campaigns', {}, 'campaign', 'conversions'],
    ['/campaigns', 'roi', {}, 'dimension', 'cost'],
    ['/accounts', 'accounts', {}, 'account', 'score'],
    ['/firmographics', 'firmographics', {}, 'dimension', 'accounts'],
  ];
  for (const [path, report, parameters, name, figure] of views) {
    await open(page, server.url + path);
    const rows = await rowsOf(server.url, report, parameters);
    const cells = await tableOf(page, report);
    assert.equal(cells.length, rows.length, report);
    rows.forEach((row, i) => {
      assert.equal(cells[i][name], row[name], report);
      assert.equal(cells[i][figure], written(row[figure], figure), `${report}: ${row[name]}`);
    });
  }
  await close();
});

test('an account shows its people and its events', async () => {
  const { page, close } = await newTab(browser);
  const account = 'copperleafaerospace.com';
  await open(page, `${server.url}/accounts/${account}`);
  const rows = await rowsOf(server.url, 'account', { account });
  const committee = rows.filter((row) => row.section === 'committee');
  assert.equal(await tile(page, 'people'), committee.length);
  assert.equal(await tile(page, 'sessions'), sum(committee, 'sessions'));
  assert.equal(await page.locator('.event').count(), rows.length - committee.length);
  await page.locator('.panel[data-report="account"] tbody a').first().click();
  await settle(page);
  assert.match(page.url(), /\/people\//);
  assert.ok((await page.locator('.event').count()) > 0);
  await close();
});

test('filters change the figures and the address, defaults leave it', async () => {
  const { page, close } = await newTab(browser);
  await open(page, `${server.url}/channels`);
  const before = await tableOf(page, 'channels');
  await page.getByLabel('Model', { exact: true }).selectOption('first_touch');
  await settle(page);
  assert.equal(new URL(page.url()).search, '?model=first_touch');
  const after = await tableOf(page, 'channels');
  assert.notDeepEqual(after, before);
  const rows = await rowsOf(server.url, 'channels', { model: 'first_touch' });
  assert.deepEqual(
    after.map((row) => row.conversions),
    rows.map((row) => written(row.conversions, 'conversions')),
  );
  await page.getByLabel('Model', { exact: true }).selectOption('last_non_direct');
  await settle(page);
  assert.equal(new URL(page.url()).search, '');
  assert.deepEqual(await tableOf(page, 'channels'), before);
  await page.getByRole('button', { name: 'Account', exact: true }).click();
  await settle(page);
  assert.equal(new URL(page.url()).search, '?unit=account');
  await page.goBack();
  await settle(page);
  assert.deepEqual(await tableOf(page, 'channels'), before);
  await close();
});

test('a link restores the view', async () => {
  const first = await newTab(browser);
  await open(first.page, `${server.url}/channels`);
  await first.page.getByLabel('Dates', { exact: true }).selectOption('7d');
  await first.page.getByLabel('Conversion', { exact: true }).selectOption('signup');
  await first.page.getByLabel('Lookback', { exact: true }).selectOption('30d');
  await first.page.getByLabel('Tell apart', { exact: true }).selectOption('country');
  await settle(first.page);
  const link = first.page.url();
  const cells = await tableOf(first.page, 'channels');
  await first.close();
  const second = await newTab(browser);
  await open(second.page, link);
  assert.deepEqual(await tableOf(second.page, 'channels'), cells);
  for (const [label, value] of [
    ['Dates', '7d'],
    ['Lookback', '30d'],
    ['Tell apart', 'country'],
  ]) {
    assert.equal(await second.page.getByLabel(label, { exact: true }).inputValue(), value);
  }
  await second.close();
});

test('any report runs with its form', async () => {
  const { page, close } = await newTab(browser);
  await open(page, `${server.url}/reports/funnel`);
  await page.getByRole('button', { name: 'Account', exact: true }).click();
  await settle(page);
  const rows = await rowsOf(server.url, 'funnel', { unit: 'account' });
  const cells = await tableOf(page, 'funnel');
  assert.deepEqual(
    cells.map((row) => row.sessions),
    rows.map((row) => written(row.sessions, 'sessions')),
  );
  await close();
});

function dayAfter(day, n) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10);
}
