import fc from 'fast-check';
import t from 'tap';
import {
  formatHostUpdate,
  type HostUpdateEffect,
  type HostUpdateInput,
  type HostUpdateState,
  idle,
  parseHostUpdate,
  stepHostUpdate,
} from '../../src/core/host-update.ts';

const begin: HostUpdateInput = { type: 'begin', from: '1.0.0', to: '1.1.0' };
const clear: HostUpdateInput = { type: 'asked', hindrance: '' };
const failed: HostUpdateInput = { type: 'failed', why: 'it broke' };

/** Plays inputs, and says each effect in words. */
function play(...inputs: HostUpdateInput[]): { state: HostUpdateState; told: string[] } {
  let state: HostUpdateState = idle;
  const told: string[] = [];
  for (const input of inputs) {
    const step = stepHostUpdate(state, input);
    state = step.state;
    told.push(...step.effects.map(words));
  }
  return { state, told };
}

const words = (effect: HostUpdateEffect): string => {
  if (effect.type === 'end') return `${effect.outcome}: ${effect.sentence}`;
  return 'version' in effect ? `${effect.type} ${effect.version}` : effect.type;
};

t.test('a release that comes up', async (t) => {
  const { state, told } = play(
    begin,
    { type: 'prepared' },
    clear,
    { type: 'installed' },
    { type: 'healthy' },
  );
  t.same(told, [
    'prepare',
    'ask',
    'persist',
    'install 1.1.0',
    'persist',
    'check 1.1.0',
    'persist',
    'updated: updated from 1.0.0 to 1.1.0',
  ]);
  t.same(state, idle);
});

t.test('one that does not: back, and remembered', async (t) => {
  for (const before of [[failed], [{ type: 'installed' } as const, failed]]) {
    const { state, told } = play(
      begin,
      { type: 'prepared' },
      clear,
      ...before,
      { type: 'installed' },
      { type: 'healthy' },
    );
    t.same(told.slice(-6), [
      'persist',
      'install 1.0.0',
      'persist',
      'check 1.0.0',
      'persist',
      'rolled-back: 1.1.0 did not come up (it broke): back to 1.0.0',
    ]);
    t.same(state, { phase: 'idle', refused: ['1.1.0'] });
  }
});

t.test('nothing is changed where it cannot be prepared, or something speaks against it', async (t) => {
  const unprepared = play(begin, failed);
  t.match(unprepared.told.at(-1), /^not-begun: .*nothing was changed: it broke/);
  const hindered = play(begin, { type: 'prepared' }, { type: 'asked', hindrance: 'run 7 goes on' });
  t.match(hindered.told.at(-1), /^postponed: .*run 7 goes on/);
  for (const { state, told } of [unprepared, hindered]) {
    t.same(state, idle, 'and it is tried again the next time');
    t.notOk(told.some((effect) => /install|persist/.test(effect)));
  }
});

t.test('neither comes up: the next start goes back once more', async (t) => {
  const stuck = play(begin, { type: 'prepared' }, clear, failed, failed);
  t.match(stuck.told.at(-1), /^stuck: 1\.1\.0 did not come up .* and 1\.0\.0 does not either/);
  const again = stepHostUpdate(stuck.state, { type: 'resume' });
  t.same(again.effects.map(words), ['persist', 'install 1.0.0']);
});

t.test('cut short at any moment: what was changed is taken back, what was not is not', async (t) => {
  const inputs: HostUpdateInput[] = [
    begin,
    { type: 'prepared' },
    clear,
    { type: 'installed' },
    failed,
    { type: 'installed' },
  ];
  for (let count = 0; count <= inputs.length; count += 1) {
    const { state } = play(...inputs.slice(0, count));
    const kept = parseHostUpdate(formatHostUpdate(state));
    t.same(kept, state, 'it is kept as it is');
    const { effects } = stepHostUpdate(kept ?? idle, { type: 'resume' });
    t.same(effects.map(words), count < 3 ? [] : ['persist', 'install 1.0.0'], `after ${count} inputs`);
  }
});

t.test('an input out of turn is a fault of the program', async (t) => {
  t.throws(() => stepHostUpdate(idle, { type: 'installed' }), TypeError);
  t.throws(() => play(begin, begin), TypeError);
  t.throws(() => play(begin, { type: 'healthy' }), TypeError);
});

t.test('damaged records are none', async (t) => {
  const bad = [
    '',
    'null',
    '{}',
    '{"phase":"idle"}',
    '{"phase":"odd","refused":[]}',
    '{"phase":"installing","refused":[]}',
  ];
  for (const text of bad) t.equal(parseHostUpdate(text), undefined, text);
});

/** What can come next in a phase. */
const nextInputs: Readonly<Record<HostUpdateState['phase'], readonly HostUpdateInput[]>> = {
  idle: [begin],
  preparing: [{ type: 'prepared' }, failed],
  asking: [clear, { type: 'asked', hindrance: 'no' }],
  installing: [{ type: 'installed' }, failed],
  checking: [{ type: 'healthy' }, failed],
  'rolling-back': [{ type: 'installed' }, failed],
  'checking-rollback': [{ type: 'healthy' }, failed],
};

t.test(
  'whatever happens: nothing is installed before its record, and what failed is never installed again',
  async () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 60 }), (choices) => {
        let state: HostUpdateState = idle;
        const failedOnce = new Set<string>();
        for (const [choice, isCrash] of choices) {
          const possible: readonly HostUpdateInput[] = nextInputs[state.phase];
          const input: HostUpdateInput = isCrash
            ? { type: 'resume' }
            : (possible[choice % possible.length] ?? begin);
          if (input.type === 'begin' && state.refused.includes(input.to)) continue;
          const step = stepHostUpdate(state, input);
          for (const [index, effect] of step.effects.entries()) {
            if (effect.type !== 'install') continue;
            if (step.effects[index - 1]?.type !== 'persist' || failedOnce.has(effect.version)) return false;
          }
          if (step.state.phase === 'rolling-back') failedOnce.add(step.state.to);
          state = step.state;
        }
        return true;
      }),
    );
  },
);
