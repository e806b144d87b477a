// Takes the pictures of the dashboard that the documents show: node pictures.mjs FOLDER.
import { join } from 'node:path';
import { launch, newTab, open, signInAs } from './support/browser.mjs';
import { makeLake, serve } from './support/server.mjs';

const PICTURES = [
  { name: 'dashboard-overview', path: '/', height: 1000 },
  { name: 'dashboard-channels', path: '/channels?unit=account', height: 1000 },
  { name: 'dashboard-paths', path: '/paths', height: 1000, colorScheme: 'dark' },
  { name: 'dashboard-account', path: '/accounts/copperleafaerospace.com', height: 1000 },
];

const folder = process.argv[2] ?? '.';
const lake = makeLake();
const server = await serve(lake);
const browser = await launch();
signInAs(server.token);
for (const { name, path, height, colorScheme = 'light' } of PICTURES) {
  const viewport = { width: 1280, height };
  const { page, close } = await newTab(browser, { viewport, colorScheme });
  await open(page, server.url + path);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await close();
}
await browser.close();
await server.stop();
lake.remove();
