import { HecateError } from '@hecate/proto/core/errors.ts';
import t from 'tap';
import { type NutErrorCode, NutRefusal, nutRefusals } from '../../../../src/core/power/nut/nut-error.ts';
import type { LookFailure } from '../../../../src/core/power/ups/ups-sample.ts';

t.test('each code of NUT: what a look that it refuses has failed with', async (t) => {
  const failures: Partial<Record<NutErrorCode, LookFailure>> = {
    'DATA-STALE': 'data-stale',
    'DRIVER-NOT-CONNECTED': 'driver-not-connected',
    'UNKNOWN-UPS': 'unknown-ups',
    'ACCESS-DENIED': 'access-denied',
    'USERNAME-REQUIRED': 'access-denied',
    'PASSWORD-REQUIRED': 'access-denied',
    'INVALID-USERNAME': 'access-denied',
    'INVALID-PASSWORD': 'access-denied',
  };
  for (const code of Object.keys(nutRefusals) as NutErrorCode[]) {
    const refusal = new NutRefusal(code, 'LIST VAR rack', 'ups.example:3493');
    t.equal(refusal.nutCode, code);
    t.equal(refusal.failure, failures[code] ?? 'server-lost', code);
    t.match(refusal.message, `ups.example:3493 refused LIST VAR rack: ${code}, `);
    t.not(refusal.remedy, '', 'a next step');
  }
});

t.test('what the operator sees', async (t) => {
  const refusal = new NutRefusal('ACCESS-DENIED', 'FSD rack', 'localhost:3493');
  t.type(refusal, HecateError);
  t.equal(refusal.code, 'HEC_CONFIG');
  t.equal(
    refusal.message,
    'localhost:3493 refused FSD rack: ACCESS-DENIED, the user may not do this, or the password is wrong',
  );
  t.match(refusal.remedy, 'upsd.users');
});

t.test('a code that no NUT has', async (t) => {
  for (const code of ['', 'toString', '__proto__', `X${'y'.repeat(1000)}`]) {
    const refusal = new NutRefusal(code, 'VER', 'localhost:3493');
    t.equal(refusal.nutCode, undefined, code.slice(0, 10));
    t.equal(refusal.failure, 'server-lost');
    t.ok(refusal.message.length < 200, 'is cut');
  }
});
