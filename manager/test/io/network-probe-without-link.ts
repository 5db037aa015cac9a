/** Run by network-probe.test.ts in a network of its own; prints what came of each look as JSON. */
import { reach } from '../../src/io/network-probe.ts';

const [host = ''] = process.argv.slice(2);
console.log(JSON.stringify(await reach(host, 22, 500)));
