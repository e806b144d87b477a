// What the tests of one process share: a lake, a server of it, and a browser.
import { after } from 'node:test';
import { launch } from './browser.mjs';
import { makeLake, serve } from './server.mjs';

export const lake = makeLake();
export const server = await serve(lake);
export const browser = await launch();

after(async () => {
  await browser.close();
  await server.stop();
  lake.remove();
});
