// Opens pages of the dashboard in Chromium and waits for them, and notes what goes wrong on
// them: errors on the console, exceptions, requests to other hosts.
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const SETTLE_MS_MAX = 60_000;

/** Every page, with the reports that it shows. */
export const PAGES = [
  '/',
  '/channels',
  '/campaigns',
  '/paths',
  '/accounts',
  '/accounts/copperleafaerospace.com',
  '/people/nora.winslow.7m%40tidewater-media.com',
  '/firmographics',
  '/audit',
  '/ingestion',
  '/reports',
  '/reports/funnel',
];

export function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: FLAGS });
}

let token = null;

/** Lets all tabs show a token from now on, unless they are told what to show. */
export function signInAs(shown) {
  token = shown;
}

/** Opens a tab with a profile of its own; `faults` fills with what goes wrong in it. */
export async function newTab(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
    extraHTTPHeaders: token === null ? {} : { authorization: `Bearer ${token}` },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(SETTLE_MS_MAX);
  const faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  return { page, faults, close: () => context.close() };
}

/** Opens an address and waits until all its figures are there. */
export async function open(page, url) {
  await page.goto(url);
  await settle(page);
}

/** Waits until nothing on the page is on its way. */
export async function settle(page) {
  // What was just clicked is drawn within two frames; before that nothing looks busy.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
  await page.waitForFunction(() => {
    const heading = document.querySelector('h1');
    const waits = document.querySelectorAll('.loading, [aria-busy="true"]');
    const blank = [...document.querySelectorAll('.chart-canvas')].filter(
      (canvas) => canvas.querySelector('svg') === null,
    );
    return heading !== null && waits.length === 0 && blank.length === 0;
  });
}

/** The cells of a panel's table, as texts by heading, without rows that sum others. */
export function tableOf(page, report) {
  return page.locator(`.panel[data-report="${report}"] table`).first().evaluate((table) => {
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.column);
    const rows = [...table.tBodies[0].rows, ...(table.tFoot?.rows ?? [])];
    return rows.map((row) =>
      Object.fromEntries([...row.cells].map((cell, i) => [names[i], cell.textContent.trim()])),
    );
  });
}
