#!/usr/bin/env node
// hecatectl: the bundle when it is built, else the sources. CommonJS, because that starts sooner.
'use strict';
const { existsSync } = require('node:fs');
const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `hecatectl: Node.js 24 or newer is needed, this is ${process.versions.node}\n` +
      '  next: in a checkout use npx hecatectl, which finds the pinned one\n',
  );
  process.exit(71);
}

const launcher = '../../packaging/launcher/hecatectl.cjs';
const bundle = resolve(__dirname, '../../dist/hecatectl.cjs');
if (!process.env.HECATE_FROM_SOURCE && existsSync(bundle)) void require(launcher).loadBundle(bundle).run();
else import(pathToFileURL(resolve(__dirname, '../src/main.ts')).href).then(({ run }) => run());
