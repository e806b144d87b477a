// axe finds nothing on any page, in either theme, nor in the SQL dialog and the menu.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { newTab, open, PAGES } from './support/browser.mjs';
import { browser, server } from './support/world.mjs';

async function violations(page) {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)}: ${node.failureSummary}`),
  );
}

for (const colorScheme of ['light', 'dark']) {
  for (const path of PAGES) {
    test(`${path} is accessible in the ${colorScheme} theme`, async () => {
      const { page, close } = await newTab(browser, { colorScheme });
      await open(page, server.url + path);
      const theme = await page.evaluate(() => document.documentElement.dataset.theme);
      assert.equal(theme, colorScheme);
      assert.deepEqual(await violations(page), []);
      await close();
    });
  }
}

test('dialog, further filters and menu are accessible', async () => {
  const { page, close } = await newTab(browser, { viewport: { width: 400, height: 800 } });
  await open(page, `${server.url}/channels?direct=exclude`);
  await page.getByRole('button', { name: 'Menu' }).click();
  assert.deepEqual(await violations(page), []);
  await page.getByRole('button', { name: 'SQL of Channels', exact: true }).click();
  await page.locator('dialog pre').waitFor();
  assert.deepEqual(await violations(page), []);
  await close();
});

test('axe does find what is wrong', async () => {
  const { page, close } = await newTab(browser);
  await open(page, `${server.url}/audit`);
  await page.evaluate(() => document.querySelector('main').append(document.createElement('img')));
  assert.match((await violations(page)).join('\n'), /image-alt/);
  await close();
});

test('the chosen theme outlives the page, and charts follow it', async () => {
  const { page, close } = await newTab(browser, { colorScheme: 'light' });
  await open(page, `${server.url}/channels`);
  const colors = () =>
    page.locator('.chart-canvas svg').first().evaluate((svg) => svg.outerHTML.match(/#[0-9a-f]{6}/g));
  const before = await colors();
  await page.getByRole('button', { name: 'Dark theme' }).click();
  assert.notDeepEqual(await colors(), before);
  await open(page, `${server.url}/channels`);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await close();
});
