#!/usr/bin/env -S node --max-semi-space-size=1
// Runs the bundle when it is built, else the sources: Node 24 strips their types.
import { existsSync } from 'node:fs';

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `hecate-update: Node.js 24 or newer is needed, this is ${process.versions.node}\n` +
      '  next: in a checkout, node_modules/.bin/node is the pinned one\n',
  );
  process.exit(71);
}

const bundle = new URL('../../dist/hecate-update.mjs', import.meta.url);
const source = new URL('../src/main.ts', import.meta.url);
await import((existsSync(bundle) ? bundle : source).href);
