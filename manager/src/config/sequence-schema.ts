/** `sequences`: what may be carried out, as stages of steps. */
import { z } from 'zod';
import { type PlanKind, rungs } from '../core/plan/plan.ts';
import { actionKeys, actionOf, actionShape } from './action-schema.ts';
import { gateOf, gateShape, oneCondition } from './condition-schema.ts';
import { wholeNumberLeaf, wordLeaf } from './config-leaves.ts';
import {
  declaredNameLeaf,
  demandOne,
  partialDurationLeaf,
  sentenceLeaf,
  stepDurationLeaf,
} from './plan-leaves.ts';

const group = { error: 'expected a map of keys' };
/** Room for hundreds of times what a cluster of 30 hosts needs; a plan is one frame on the wire. */
const sequencesMax = 64;
const stagesMax = 64;
const stepsMax = 64;
const escalationMax = 8;

const timeKeys = {
  timeout: stepDurationLeaf({
    description:
      'The bound of one try, at most a day. Without it the plan is refused: a step without a bound.',
    example: '2m',
  }).optional(),
  expected: partialDurationLeaf({
    description: 'How long it takes as a rule, until runs have taught it. Default: a quarter of the timeout.',
    example: '20s',
  }).optional(),
  minimum: partialDurationLeaf({
    description: 'What it is given at the rung `forced`, when time is short. Default: what is expected.',
    example: '10s',
  }).optional(),
  on_failure: wordLeaf(
    {
      description:
        'abort: the run ends as failed · continue: it goes on, and is called degraded · retry: what failed is tried again until the timeout is over, then as abort.',
      example: 'continue',
    },
    ['abort', 'continue', 'retry'],
  ).default('abort'),
  drop_at: wordLeaf(
    {
      description: 'From this rung on it is left out: a rung is chosen by the time that is left.',
      example: 'forced',
    },
    rungs.filter((rung) => rung !== 'full'),
  ).optional(),
};

const oneAction = demandOne(actionKeys, 'action');

const action = z
  .strictObject(actionShape, group)
  .superRefine(oneAction)
  .transform(actionOf)
  .meta({ id: 'action', description: 'What a step does: exactly one of these keys.' });

const listError = (max: number, of: string) => ({ error: `expected a list of at most ${max} ${of}` });

const step = z
  .strictObject(
    {
      name: sentenceLeaf({
        description: 'What it does, in words. Default: made out of the action.',
        example: 'stop the workers',
      }).optional(),
      ...actionShape,
      parallelism: wholeNumberLeaf(
        { description: 'How many operations run at once. Default: all.', example: '2' },
        1,
        1024,
      ).optional(),
      ...timeKeys,
      escalate: z
        .array(action, listError(escalationMax, 'actions'))
        .max(escalationMax, listError(escalationMax, 'actions'))
        .meta({
          description: 'What is tried next when it has failed, in this order, each within the timeout.',
          example: '[{ kill: { nodes: ["role:agent"], units: [k3s-agent.service], signal: KILL } }]',
        })
        .default([]),
    },
    group,
  )
  .superRefine(oneAction)
  .meta({ id: 'step', description: 'One action, and how long and how often it is tried.' });

export type StepFile = z.output<typeof step>;

const stageGate = z
  .strictObject({ ...gateShape(), ...timeKeys }, group)
  .superRefine(oneCondition)
  .transform((file) => ({ gate: gateOf(file), times: file }))
  .meta({ id: 'stage-gate', description: 'A gate with the keys of a step for its times.' });

const stage = z.strictObject(
  {
    name: declaredNameLeaf({ description: 'Its name in plans and runs.', example: 'workers' }),
    steps: z
      .array(step, listError(stepsMax, 'steps'))
      .max(stepsMax, listError(stepsMax, 'steps'))
      .meta({
        description: 'What is done, one after the other; the operations of one step run at once.',
        example: '[{ stop: { nodes: ["role:agent"] }, timeout: 2m }]',
      })
      .default([]),
    gate: stageGate
      .meta({
        description: 'Its last step: the next stage begins when this holds.',
        example:
          '{ sentence: the workers are stopped, unit: { nodes: ["role:agent"], states: [inactive] }, timeout: 1m }',
      })
      .optional(),
  },
  group,
);

export type StageFile = z.output<typeof stage>;

const sequence = z.strictObject(
  {
    kind: wordLeaf(
      {
        description:
          'What it is: decides who gives way to whom. Default: startup and shutdown by their names, else sequence.',
        example: 'sequence',
      },
      ['startup', 'shutdown', 'sequence'],
    ).optional(),
    stages: z
      .array(stage, listError(stagesMax, 'stages'))
      .max(stagesMax, listError(stagesMax, 'stages'))
      .meta({
        description: 'One after the other: a stage begins when the last step of the one before is over.',
        example: '[{ name: workers, steps: [{ stop: { nodes: ["role:agent"] }, timeout: 2m }] }]',
      }),
  },
  group,
);

export type SequenceFile = z.output<typeof sequence>;

/** What the built-in names stand for. */
export const kindOf = (name: string): PlanKind =>
  name === 'startup' || name === 'shutdown' ? name : 'sequence';

/** Words behind `hecatectl plan` that are not names. */
const reserved: readonly string[] = ['check', 'list'];

export const sequences = z
  .record(declaredNameLeaf({ description: 'The name of a sequence.' }), sequence, group)
  .superRefine((given, context) => {
    const report = (path: PropertyKey[], message: string, remedy: string): void =>
      context.addIssue({ code: 'custom', path, message, params: { remedy } });
    const names = Object.keys(given);
    if (names.length > sequencesMax) report([], `expected at most ${sequencesMax} sequences`, 'remove some');
    for (const [name, { kind }] of Object.entries(given)) {
      if (reserved.includes(name)) {
        report(
          [name],
          `expected a name other than ${reserved.join(' and ')}`,
          'hecatectl plan has them as words of its own',
        );
      }
      const own = kindOf(name);
      if (kind === undefined || own === 'sequence' || kind === own) continue;
      report(
        [name, 'kind'],
        `expected ${own}: the built-in sequence of that name is replaced`,
        'remove the line, or name the sequence otherwise',
      );
    }
  })
  .meta({
    description:
      'What may be carried out, by name: `hecatectl run NAME`. Those called startup and shutdown replace the built-in ones.',
    example:
      '{ maintenance: { stages: [{ name: workers, steps: [{ stop: { nodes: ["role:agent"] }, timeout: 2m }] }] } }',
  })
  .prefault({});
