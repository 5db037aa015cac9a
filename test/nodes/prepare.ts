// Says which nodes can run on this machine, and makes the image that booted nodes start from, so that no test
// has to wait for it.     node test/nodes/prepare.ts [PACKAGE…]
import { baseImage } from './base-image.ts';
import { canRunBootedNodes, canRunUserNodes } from './capabilities.ts';

const packages = process.argv.slice(2);
for (const capability of [await canRunUserNodes(), await canRunBootedNodes()]) {
  if (!capability.ok) process.stderr.write(`nodes: cannot run ${capability.why}\n`);
}
if ((await canRunBootedNodes()).ok) process.stdout.write(`${await baseImage(packages)}\n`);
