import { createArmedOperation, type Verb } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import {
  armedOperationsMax,
  unitsToName,
  whyMalformed,
  whyNotAllowed,
} from '../../src/core/dead-man-refusal.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import type { UnitNamesAnswer } from '../../src/core/policy-decision.ts';
import { openPolicy, part } from '../support/dead-man.ts';
import { ownUnit } from '../support/operations.ts';

const stop = (unit: string, verb: Verb = 'stop') => createArmedOperation({ verb, unit, timeLimitMs: 1000 });
const judge = (text: string) => ({ policy: parsePolicy(`[Policy]\n${text}`, 'the policy'), ownUnit });
const named = (id: string, ...names: string[]): UnitNamesAnswer => ({
  case: 'known',
  unitNames: { id, names: [id, ...names] },
});

t.test('malformed', async (t) => {
  t.equal(whyMalformed(part().operations), undefined);
  const bad = [stop('fine.service'), stop('no suffix')];
  t.match(whyMalformed(bad), { code: 'HEC_BAD_NAME', message: /operation 2 of 2 \(stop no suffix\): / });
  t.match(whyMalformed([stop('')]), { message: /operation 1 of 1 \(stop\)/ });
  t.match(whyMalformed([stop('', 'exec')]), { code: 'HEC_USAGE', message: /exec without a command/ });
  const many = Array.from({ length: armedOperationsMax + 1 }, () => stop('a.service'));
  t.match(whyMalformed(many), { code: 'HEC_USAGE', message: /at most 64/ });
});

t.test('each operation must be allowed, and the first that is not is named', async (t) => {
  const none = new Map<string, UnitNamesAnswer>();
  const { operations } = part();
  t.equal(whyNotAllowed(operations, { policy: openPolicy, ownUnit }, none), undefined);
  const refused = (text: string) => whyNotAllowed(operations, judge(text), none);
  t.match(refused('Exec=yes'), {
    code: 'HEC_POLICY',
    message: /operation 3 of 3 \(poweroff\): .*does not allow poweroff/,
    remedy: /Poweroff=yes/,
  });
  t.match(refused('Poweroff=yes'), { message: /operation 2 of 3 \(exec\): / });
  t.match(refused('Exec=yes\nPoweroff=yes\nDeny=stop k3s*'), {
    message: /operation 1 of 3 \(stop k3s\.service\)/,
  });
  t.match(whyNotAllowed([stop(ownUnit)], { policy: openPolicy, ownUnit }, none), { message: /to itself/ });
});

t.test('a denied unit is denied under its aliases, and what is not known is not allowed (I12)', async (t) => {
  const denying = judge('Deny=stop real.service');
  const operations = [stop('alias.service'), stop('alias.service', 'kill'), stop('alias.service')];
  t.same(unitsToName(operations, denying), ['alias.service'], 'asked for once');
  const known = new Map([['alias.service', named('real.service', 'alias.service')]]);
  t.match(whyNotAllowed(operations, denying, known), { message: /an alias of real\.service/ });
  const failed: UnitNamesAnswer = { case: 'failed', code: 'HEC_BUS_GONE', message: 'no bus', remedy: '' };
  t.match(whyNotAllowed(operations, denying, new Map([['alias.service', failed]])), {
    code: 'HEC_BUS_GONE',
    message: /operation 1 of 3 .*no bus/,
  });
});
