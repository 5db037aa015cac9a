#!/usr/bin/env node
// hecatectl: the bundle when it is built, else the sources.
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import process from 'node:process';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `hecatectl: Node.js 24 or newer is needed, this is ${process.versions.node}\n  next: in a checkout use npx hecatectl, which finds the pinned one\n`,
  );
  process.exit(71);
}

// Only in a folder of our own: in /tmp, where Node would put it, somebody else could have put code for us.
const home = process.env.XDG_CACHE_HOME || (process.env.HOME ? `${process.env.HOME}/.cache` : '');
if (home !== '') enableCompileCache(`${home}/hecate/node`);

const bundle = new URL('../../dist/hecatectl.mjs', import.meta.url);
const isBuilt = existsSync(bundle) && !process.env.HECATE_FROM_SOURCE;
const { run } = await import(isBuilt ? bundle.href : new URL('../src/main.ts', import.meta.url).href);
await run();
