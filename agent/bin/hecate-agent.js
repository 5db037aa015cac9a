#!/usr/bin/env -S node --max-semi-space-size=1
// Runs the bundle when it is built, else the sources: Node 24 strips their types.
import { existsSync } from 'node:fs';

const bundle = new URL('../../dist/hecate-agent.mjs', import.meta.url);
const source = new URL('../src/main.ts', import.meta.url);
await import((existsSync(bundle) ? bundle : source).href);
