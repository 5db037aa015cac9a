import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ownInterfaces } from '../../src/io/own-interfaces.ts';

t.test('of this host', async (t) => {
  t.ok(Object.keys(ownInterfaces() ?? {}).length > 0);
});

t.test('a system that does not say ends nobody', async (t) => {
  const refuse = (): never => {
    throw new Error('uv_interface_addresses returned Unknown system error 97');
  };
  t.equal(ownInterfaces(refuse), undefined);
});

t.test("the manager's unit may ask", async (t) => {
  const unit = readFileSync(join(import.meta.dirname, '../../../systemd/hecate-manager.service'), 'utf8');
  t.match(unit, /^RestrictAddressFamilies=.*\bAF_NETLINK\b/m);
});
