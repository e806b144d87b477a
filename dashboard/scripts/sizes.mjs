// Prints what a browser loads: each built file with its size and its gzip size, and fails
// when everything together is over the budget of the first load.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES_MAX = 300_000;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

let total = 0;
for (const name of readdirSync(dist, { recursive: true }).map(String).sort()) {
  if (!/\.(js|css|html|svg)$/.test(name)) continue;
  const bytes = readFileSync(join(dist, name));
  const packed = gzipSync(bytes).length;
  total += packed;
  console.log(
    `${name.padEnd(44)} ${String(bytes.length).padStart(8)} B ${String(packed).padStart(8)} B gzip`,
  );
}
console.log(`${'all files'.padEnd(44)} ${''.padStart(8)}   ${String(total).padStart(8)} B gzip`);
if (total > BUDGET_BYTES_MAX) {
  console.error(`dashboard: ${total} bytes are over the budget of ${BUDGET_BYTES_MAX}`);
  process.exit(1);
}
