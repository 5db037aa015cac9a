#!/usr/bin/env node
// hecatectl: the bundle when it is built, else the sources. CommonJS, because that starts sooner.
'use strict';
const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `hecatectl: Node.js 24 or newer is needed, this is ${process.versions.node}\n` +
      '  next: in a checkout use npx hecatectl, which finds the pinned one\n',
  );
  process.exit(71);
}

// Only in a folder of our own: in /tmp, where Node would put it, somebody else could have put code for us.
// A home that is not there (a service's /nonexistent) is not made.
const { HOME: home = '', XDG_CACHE_HOME: cache = `${home}/.cache` } = process.env;
if (existsSync(process.env.XDG_CACHE_HOME || home)) enableCompileCache(`${cache}/hecate/node`);

const bundle = resolve(__dirname, '../../dist/hecatectl.cjs');
if (!process.env.HECATE_FROM_SOURCE && existsSync(bundle)) void require(bundle).run();
else import(pathToFileURL(resolve(__dirname, '../src/main.ts')).href).then(({ run }) => run());
