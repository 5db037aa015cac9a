/** What the state of a unit tells about an operation whose end nobody saw. */
import type { Verb } from '@hecate/proto/generated/wire.ts';
import t from 'tap';
import { type Facts, infer } from '../../src/core/operation-inference.ts';
import type { BegunRecord } from '../../src/core/operation-record.ts';
import type { UnitOutcome } from '../../src/core/systemd-port.ts';
import { noFacts, opId } from '../support/operations.ts';

const begun = (verb: Verb): BegunRecord => ({
  type: 'begun',
  opId: opId(1),
  epoch: 1,
  verb,
  unit: 'web.service',
  bootId: 'b',
  monotonicUs: 1000,
  timeLimitMs: 1,
  logLines: 0,
  notAfterClockMs: 0,
});
const before = 900n;
const after = 1100n;

const state = (activeState: string, changedUs: bigint): Partial<Facts> => ({
  unit: { loadState: 'loaded', activeState, stateChangeTimestampMonotonic: changedUs } as UnitOutcome,
});

function told(verb: Verb, facts: Partial<Facts>, isSameBoot = true): string {
  const inference = infer(begun(verb), { ...noFacts, ...facts }, isSameBoot);
  if (inference.type === 'wait') return 'wait';
  const { status, result, inferred } = inference.outcome;
  return `${status}${result === 'not-applied' ? ' (not applied)' : ''}${inferred ? '' : ' (not inferred)'}`;
}

const cases: [Verb, Partial<Facts>, string][] = [
  ['start', state('active', after), 'done'],
  ['start', state('active', before), 'done'],
  ['start', state('inactive', after), 'done'],
  ['start', state('inactive', before), 'failed (not applied)'],
  ['start', state('failed', after), 'failed'],
  ['start', state('failed', before), 'failed (not applied)'],
  ['start', state('activating', after), 'unknown'],
  ['start', state('activating', before), 'failed (not applied)'],
  ['start', state('deactivating', after), 'unknown'],
  ['stop', state('inactive', after), 'done'],
  ['stop', state('failed', after), 'done'],
  ['stop', state('active', before), 'failed (not applied)'],
  ['stop', state('active', after), 'unknown'],
  ['stop', state('activating', after), 'unknown'],
  ['restart', state('active', after), 'done'],
  ['restart', state('active', before), 'failed (not applied)'],
  ['reload', state('active', after), 'done'],
  ['reload', state('active', before), 'failed (not applied)'],
  ['try-restart', state('inactive', before), 'done'],
  ['try-restart', state('deactivating', after), 'unknown'],
  ['kill', state('failed', after), 'done'],
  ['kill', state('active', before), 'unknown'],
  ['reset-failed', state('inactive', before), 'done'],
  ['reset-failed', state('failed', before), 'failed (not applied)'],
  ['reset-failed', state('failed', after), 'unknown'],
  ['freeze', { ...state('active', after), freezerState: 'frozen' }, 'done'],
  ['freeze', { ...state('active', before), freezerState: 'running' }, 'failed (not applied)'],
  ['freeze', { ...state('active', after), freezerState: 'running' }, 'unknown'],
  ['thaw', { ...state('active', after), freezerState: 'running' }, 'done'],
  ['enable', { unitFileState: 'enabled' }, 'done'],
  ['enable', { unitFileState: 'disabled' }, 'failed (not applied)'],
  ['disable', { unitFileState: 'disabled' }, 'done'],
  ['disable', { unitFileState: 'enabled' }, 'failed (not applied)'],
  ['mask', { unitFileState: 'masked' }, 'done'],
  ['mask', { unitFileState: 'enabled' }, 'failed (not applied)'],
  ['unmask', { unitFileState: 'enabled' }, 'done'],
  ['unmask', { unitFileState: 'masked-runtime' }, 'failed (not applied)'],
  ['set-default', { defaultTarget: 'web.service' }, 'done'],
  ['set-default', { defaultTarget: 'other.target' }, 'failed (not applied)'],
  ['exec', {}, 'unknown'],
  ['daemon-reload', {}, 'unknown'],
  ['poweroff', { shutdown: 'none' }, 'failed (not applied)'],
  ['reboot', { shutdown: 'none' }, 'failed (not applied)'],
  ['poweroff', { shutdown: 'poweroff' }, 'done'],
  ['reboot', { shutdown: 'reboot' }, 'done'],
  ['poweroff', { shutdown: 'reboot' }, 'unknown'],
  ['reboot', { shutdown: 'poweroff' }, 'unknown'],
  ['poweroff', { shutdown: 'some' }, 'unknown'],
  ['reboot', { shutdown: 'some' }, 'unknown'],
  ['poweroff', {}, 'unknown'],
  ['reboot', {}, 'unknown'],
];

/** Of a systemd that was started after the operation was begun: it knows nothing of before (I12). */
const anew = (facts: Partial<Facts>): Partial<Facts> => ({ ...facts, systemdStartedUs: 1050 });

const casesAnew: [Verb, Partial<Facts>, string][] = [
  ['start', state('active', after), 'done'],
  ['start', state('inactive', 0n), 'unknown'],
  ['start', state('inactive', after), 'unknown'],
  ['start', state('failed', after), 'unknown'],
  ['start', state('activating', after), 'unknown'],
  ['stop', state('inactive', 0n), 'done'],
  ['stop', state('active', after), 'unknown'],
  ['restart', state('active', after), 'done'],
  ['restart', state('inactive', 0n), 'unknown'],
  ['try-restart', state('inactive', 0n), 'unknown'],
  ['kill', state('failed', after), 'unknown'],
  ['freeze', { ...state('active', after), freezerState: 'running' }, 'unknown'],
  ['thaw', { ...state('active', after), freezerState: 'running' }, 'done'],
  ['reset-failed', state('inactive', 0n), 'done'],
  ['reset-failed', state('failed', 0n), 'unknown'],
];

t.test('in the same boot', async (t) => {
  for (const [verb, facts, expected] of cases)
    t.equal(
      told(verb, facts),
      expected,
      `${verb} ${JSON.stringify(facts, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`,
    );
});

t.test('in the same boot, but of another systemd', async (t) => {
  for (const [verb, facts, expected] of casesAnew)
    t.equal(told(verb, anew(facts)), expected, `${verb}, ${facts.unit?.activeState}`);
  const [, , expected] = cases.find(([verb]) => verb === 'start') ?? [];
  t.equal(told('start', { ...state('active', after), systemdStartedUs: 900 }), expected, 'started before');
});

t.test('after a restart of the host: what is on disk counts, the rest is unknown', async (t) => {
  t.equal(told('start', {}, false), 'unknown');
  t.equal(told('enable', { unitFileState: 'enabled' }, false), 'done');
  t.equal(told('poweroff', {}, false), 'done');
  t.equal(told('reboot', {}, false), 'done');
});

t.test('a job that is still there is waited for', async (t) => {
  t.equal(told('start', { job: { jobId: 1, jobPath: '/j/1' }, ...state('activating', after) }), 'wait');
});
