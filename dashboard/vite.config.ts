// How the dashboard is built: hashed files under `dist/assets/`, which the server
// embeds or reads; nothing inline, so that the Content-Security-Policy can forbid it.
import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    target: 'es2022',
    // Not everything goes: `scripts/clean.mjs` leaves the file that keeps the folder in git.
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8081' } },
});
