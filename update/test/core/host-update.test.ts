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
import '../../../test/support/property-seed.ts';

const begin: HostUpdateInput = { type: 'begin', from: '1.0.0', to: '1.1.0' };
const clear: HostUpdateInput = { type: 'asked', hindrance: '' };
const failed: HostUpdateInput = { type: 'failed', why: 'it broke' };
const backup = { file: '/backups/1.tar', madeAtMs: 1_000_000 };
const backedUp: HostUpdateInput = { type: 'backed-up', backup };
/** Until the new release is installed. */
const begun: readonly HostUpdateInput[] = [begin, { type: 'prepared' }, clear, backedUp];
const refused = (ageMs: number): HostUpdateInput => ({
  type: 'state-refused',
  why: 'the manager ends',
  nowMs: backup.madeAtMs + ageMs,
});

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
  const { state, told } = play(...begun, { type: 'installed' }, { type: 'healthy' });
  t.same(told, [
    'prepare',
    'ask',
    'back-up',
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
    const { state, told } = play(...begun, ...before, { type: 'installed' }, { type: 'healthy' });
    t.same(told.slice(-6), [
      'persist',
      'install 1.0.0',
      'persist',
      'check 1.0.0',
      'persist',
      'rolled-back: 1.1.0 did not come up (it broke): back to 1.0.0',
    ]);
    t.same(state, { phase: 'idle', refused: ['1.1.0'], doubted: [] });
  }
});

t.test('nothing is changed where it cannot be prepared, or something speaks against it', async (t) => {
  const unprepared = play(begin, failed);
  t.match(unprepared.told.at(-1), /^not-begun: .*nothing was changed: it broke/);
  const hindered = play(begin, { type: 'prepared' }, { type: 'asked', hindrance: 'run 7 goes on' });
  t.match(hindered.told.at(-1), /^postponed: .*run 7 goes on/);
  const unkept = play(begin, { type: 'prepared' }, clear, failed);
  t.match(unkept.told.at(-1), /^not-begun: .*nothing was changed: it broke/, 'no backup, no update');
  for (const { state, told } of [unprepared, hindered, unkept]) {
    t.same(state, idle, 'and it is tried again the next time');
    t.notOk(told.some((effect) => /install|persist/.test(effect)));
  }
});

t.test('neither comes up: the next start goes back once more', async (t) => {
  const stuck = play(...begun, failed, failed);
  t.match(stuck.told.at(-1), /^stuck: 1\.1\.0 did not come up .* and 1\.0\.0 does not either/);
  t.match(
    stuck.told.at(-1),
    /hecatectl restore --force --keep-config \/backups\/1\.tar;/,
    'and what to type',
  );
  const alone = play(...begun.slice(0, -1), { type: 'backed-up', backup: null }, failed, failed);
  t.notMatch(alone.told.at(-1), /restore/, 'where there is no manager, nothing of its backup');
  const again = stepHostUpdate(stuck.state, { type: 'resume' });
  t.same(again.effects.map(words), ['persist', 'install 1.0.0']);
});

const wentBack: readonly HostUpdateInput[] = [...begun, { type: 'installed' }, failed, { type: 'installed' }];

t.test('the release before refuses the state: that of before is put back, once', async (t) => {
  const restoring = play(...wentBack, refused(60_000));
  t.same(restoring.told.slice(-2), ['persist', 'restore']);
  const { state, told } = play(...wentBack, refused(60_000), { type: 'restored' }, { type: 'healthy' });
  t.same(told.slice(-4, -1), ['persist', 'check 1.0.0', 'persist']);
  t.match(told.at(-1), /^rolled-back: 1\.1\.0 did not come up \(it broke\): back to 1\.0\.0/);
  t.same(state, { phase: 'idle', refused: ['1.1.0'], doubted: [] });

  const interrupted = stepHostUpdate(restoring.state, { type: 'resume' });
  t.same(interrupted.effects.map(words), ['persist', 'restore'], 'half a restore is done again');
  const inVain = play(...wentBack, refused(60_000), { type: 'restored' }, refused(90_000));
  t.match(inVain.told.at(-1), /^stuck: /);
  const later = stepHostUpdate(inVain.state, { type: 'resume' });
  t.same(later.effects.map(words), ['persist', 'install 1.0.0']);
  const checked = stepHostUpdate(later.state, { type: 'installed' });
  t.match(stepHostUpdate(checked.state, refused(90_000)).effects.map(words).at(-1), /^stuck: /, 'once');
});

t.test('what may be no fault of a release is not held against it, but for the third time', async (t) => {
  const elsewhere: HostUpdateInput = { type: 'failed-elsewhere', why: 'c is away' };
  const inDoubt = [...begun, { type: 'installed' }, elsewhere, { type: 'installed' }] as const;
  const once = play(...inDoubt, { type: 'healthy' });
  t.match(once.told.at(-1), /^rolled-back: 1\.1\.0 did not come up \(c is away\): back to 1\.0\.0/);
  t.same(once.state, { phase: 'idle', refused: [], doubted: ['1.1.0'] });
  t.match(play(...inDoubt, elsewhere).told.at(-1), /^rolled-back: /, 'nor against the way back');
  const twice = play(...inDoubt, { type: 'healthy' }, ...inDoubt, { type: 'healthy' });
  t.same(twice.state.refused, []);
  const thrice = play(...inDoubt, elsewhere, ...inDoubt, elsewhere, ...inDoubt, elsewhere);
  t.same(thrice.state, { phase: 'idle', refused: ['1.1.0'], doubted: [] });
  const well = play(...inDoubt, elsewhere, ...begun, { type: 'installed' }, { type: 'healthy' });
  t.same(well.state, idle, 'one that comes up is not doubted any more');
  const cut = stepHostUpdate(play(...begun).state, { type: 'resume' });
  t.match(cut.state, { refused: [], doubted: ['1.1.0'] }, 'nor that the power went');
});

t.test('an old backup is restored by a person: what came since would be forgotten', async (t) => {
  for (const ageMs of [60 * 60_000 + 1, -1]) {
    const { told } = play(...wentBack, refused(ageMs));
    t.match(
      told.at(-1),
      /^stuck: .*hecatectl restore --force --keep-config \/backups\/1\.tar/,
      `${ageMs} ms`,
    );
    t.notOk(told.includes('restore'));
  }
  t.ok(play(...wentBack, refused(60 * 60_000)).told.includes('restore'));
});

t.test('cut short at any moment: what was changed is taken back, what was not is not', async (t) => {
  const inputs = wentBack;
  for (let count = 0; count <= inputs.length; count += 1) {
    const { state } = play(...inputs.slice(0, count));
    const kept = parseHostUpdate(formatHostUpdate(state));
    t.same(kept, state, 'it is kept as it is');
    const { effects } = stepHostUpdate(kept ?? idle, { type: 'resume' });
    t.same(effects.map(words), count < 4 ? [] : ['persist', 'install 1.0.0'], `after ${count} inputs`);
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
    '{"phase":"installing","refused":[],"from":"1.0.0","to":"1.1.0","backup":{"file":1}}',
  ];
  for (const text of bad) t.equal(parseHostUpdate(text), undefined, text);
});

/** What can come next in a phase. */
const nextInputs: Readonly<Record<HostUpdateState['phase'], readonly HostUpdateInput[]>> = {
  idle: [begin],
  preparing: [{ type: 'prepared' }, failed],
  asking: [clear, { type: 'asked', hindrance: 'no' }],
  'backing-up': [backedUp, { type: 'backed-up', backup: null }, failed],
  installing: [{ type: 'installed' }, failed],
  checking: [{ type: 'healthy' }, failed, refused(0), { type: 'failed-elsewhere', why: 'c is away' }],
  'rolling-back': [{ type: 'installed' }, failed],
  'checking-rollback': [{ type: 'healthy' }, failed, refused(0), refused(4e6)],
  restoring: [{ type: 'restored' }, failed],
  'checking-restored': [{ type: 'healthy' }, failed, refused(0)],
};

t.test(
  'whatever happens: nothing is installed or restored before its record, and what went back three times is never installed again',
  async () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 60 }), (choices) => {
        let state: HostUpdateState = idle;
        const timesBack = new Map<string, number>();
        for (const [choice, isCrash] of choices) {
          const possible: readonly HostUpdateInput[] = nextInputs[state.phase];
          const input: HostUpdateInput = isCrash
            ? { type: 'resume' }
            : (possible[choice % possible.length] ?? begin);
          if (input.type === 'begin' && state.refused.includes(input.to)) continue;
          const step = stepHostUpdate(state, input);
          for (const [index, effect] of step.effects.entries()) {
            if (effect.type !== 'install' && effect.type !== 'restore') continue;
            if (step.effects[index - 1]?.type !== 'persist') return false;
            if (effect.type === 'install' && (timesBack.get(effect.version) ?? 0) > 2) return false;
          }
          const isBegun = step.state.phase === 'rolling-back' && /^(installing|checking)$/.test(state.phase);
          if (isBegun && 'to' in state) timesBack.set(state.to, (timesBack.get(state.to) ?? 0) + 1);
          state = step.state;
        }
        return true;
      }),
    );
  },
);
