// What the tests of one process share: a lake, a server of it, and a browser.
import { after } from 'node:test';
import { launch, signInAs } from './browser.mjs';
import { makeLake, serve } from './server.mjs';

export const lake = makeLake();
export const server = await serve(lake);
export const browser = await launch();
signInAs(server.token);

after(async () => {
  await browser.close();
  await server.stop();
  lake.remove();
});
