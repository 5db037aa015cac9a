// hecatectl as it is installed: the bundle, compiled once for each user instead of at each start (a quarter of it).
'use strict';
const { existsSync } = require('node:fs');
const { enableCompileCache } = require('node:module');

// Only in a folder of our own: in /tmp, where Node would put it, somebody else could have put code for us.
// A home that is not there (a service's /nonexistent) is not made.
const { HOME: home = '', XDG_CACHE_HOME: cache = `${home}/.cache` } = process.env;
if (existsSync(process.env.XDG_CACHE_HOME || home)) enableCompileCache(`${cache}/hecate/node`);

void require('./hecatectl-bundle.cjs').run();
