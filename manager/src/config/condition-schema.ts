/** Gates as the operator writes them → GateDeclaration. */
import { z } from 'zod';
import type { ConditionDeclaration, GateDeclaration } from '../core/plan/sequence.ts';
import { durationLeaf, hostLeaf, listOf, switchLeaf, wholeNumberLeaf, wordLeaf } from './config-leaves.ts';
import {
  demandOne,
  nodeCommandLeaf,
  nodesLeaf,
  sentenceLeaf,
  unitsLeaf,
  webAddressLeaf,
} from './plan-leaves.ts';

const group = { error: 'expected a map of keys' };
const conditionsMax = 64;
const bodyLengthMax = 1000;
/** systemd's ActiveState, all of them (unit_active_state_table in src/basic/unit-def.c, version 257). */
const activeStates = [
  'active',
  'reloading',
  'inactive',
  'failed',
  'activating',
  'deactivating',
  'maintenance',
  'refreshing',
] as const;

const unit = z
  .strictObject(
    {
      nodes: nodesLeaf({ description: 'On which nodes: on all of them.', example: '["role:server"]' }),
      units: unitsLeaf({
        description: 'Which units. Default: those that the inventory has of each node.',
        example: '[k3s.service]',
      }).optional(),
      states: listOf(
        wordLeaf({ description: "systemd's ActiveState." }, activeStates),
        { description: "systemd's ActiveState must be one of these.", example: '[inactive, failed]' },
        { min: 1, max: activeStates.length, of: 'states', keyOf: (state) => state },
      ),
    },
    group,
  )
  .meta({
    id: 'unit-condition',
    description: 'Units are in one of some states.',
    example: '{ nodes: ["role:server"], states: [active] }',
  });

const node = z
  .strictObject(
    {
      nodes: nodesLeaf({ description: 'Which nodes: all of them.', example: '["role:agent"]' }),
      state: wordLeaf(
        {
          description:
            'online: its agent has a session · offline: it has none · powered-off: it has none, and its address does not answer either.',
          example: 'powered-off',
        },
        ['online', 'offline', 'powered-off'],
      ),
    },
    group,
  )
  .meta({
    id: 'node-condition',
    description: 'Nodes are online, offline or powered off.',
    example: '{ nodes: ["role:agent"], state: powered-off }',
  });

const tcp = z
  .strictObject(
    {
      host: hostLeaf({ description: 'A DNS name or an IP address.', example: 'nas.lan' }),
      port: wholeNumberLeaf({ description: 'A TCP port.', example: '2049' }, 1, 65_535),
    },
    group,
  )
  .meta({
    id: 'tcp-condition',
    description: 'A TCP port takes a connection, seen from the coordinator.',
    example: '{ host: nas.lan, port: 2049 }',
  });

const http = z
  .strictObject(
    {
      url: webAddressLeaf({
        description: 'What is asked for, by GET, from the coordinator.',
        example: 'https://127.0.0.1:6443/readyz',
      }),
      status: wholeNumberLeaf({ description: 'The status of the answer.', example: '200' }, 100, 599).default(
        200,
      ),
      body_contains: z
        .string({ error: 'expected a text' })
        .max(bodyLengthMax, { error: `expected a text of at most ${bodyLengthMax} characters` })
        .meta({ description: 'A text that must be in the body of the answer.', example: 'ok' })
        .default(''),
      ignore_certificate: switchLeaf({
        description: 'Whether any certificate is good enough.',
        example: 'true',
      }).default(false),
    },
    group,
  )
  .meta({
    id: 'http-condition',
    description: 'A web address answers as it should.',
    example: '{ url: "https://127.0.0.1:6443/readyz", body_contains: ok, ignore_certificate: true }',
  });

const exec = z
  .strictObject(
    {
      nodes: nodesLeaf({ description: 'On which nodes: on all of them.', example: '[srv-1]' }),
      command: nodeCommandLeaf({
        description: 'Program and arguments, run by the agent without a shell; its policy must allow exec.',
        example: '[test, -e, /run/ready]',
      }),
      exit_status: wholeNumberLeaf({ description: 'The exit status.', example: '0' }, 0, 255).default(0),
    },
    group,
  )
  .meta({
    id: 'exec-condition',
    description: 'A command on nodes ends with an exit status.',
    example: '{ nodes: [srv-1], command: [test, -e, /run/ready] }',
  });

const conditions = (meta: { description: string; example: string }) => {
  const error = `expected a list of 1 to ${conditionsMax} conditions`;
  return z
    .array(condition, { error })
    .min(1, { error })
    .max(conditionsMax, { error })
    .meta({ ...meta });
};

/** One list of words for people and for the refinement. */
const conditionKeys = ['unit', 'node', 'tcp', 'http', 'exec', 'all', 'any', 'at_least'] as const;

const conditionShape = () => ({
  unit: unit.optional(),
  node: node.optional(),
  tcp: tcp.optional(),
  http: http.optional(),
  exec: exec.optional(),
  all: conditions({
    description: 'Every one of these conditions holds.',
    example: '[{ node: { nodes: [nas], state: online } }, { tcp: { host: nas.lan, port: 2049 } }]',
  }).optional(),
  any: conditions({
    description: 'One of these conditions holds.',
    example: '[{ tcp: { host: srv-1.lan, port: 6443 } }, { tcp: { host: srv-2.lan, port: 6443 } }]',
  }).optional(),
  at_least: z
    .strictObject(
      {
        count: wholeNumberLeaf({ description: 'How many.', example: '2' }, 1, conditionsMax),
        of: conditions({
          description: 'Of these conditions.',
          example: '[{ tcp: { host: srv-1.lan, port: 6443 } }, { tcp: { host: srv-2.lan, port: 6443 } }]',
        }),
      },
      group,
    )
    .meta({
      description: 'That many of some conditions hold.',
      example:
        '{ count: 1, of: [{ tcp: { host: srv-1.lan, port: 22 } }, { tcp: { host: srv-2.lan, port: 22 } }] }',
    })
    .optional(),
});

interface ConditionFile {
  readonly unit?: z.output<typeof unit> | undefined;
  readonly node?: z.output<typeof node> | undefined;
  readonly tcp?: z.output<typeof tcp> | undefined;
  readonly http?: z.output<typeof http> | undefined;
  readonly exec?: z.output<typeof exec> | undefined;
  readonly all?: readonly ConditionDeclaration[] | undefined;
  readonly any?: readonly ConditionDeclaration[] | undefined;
  readonly at_least?: { readonly count: number; readonly of: readonly ConditionDeclaration[] } | undefined;
}

function leafOf({ unit, node, tcp, http, exec }: ConditionFile): ConditionDeclaration | undefined {
  if (unit) return { type: 'unit', nodes: unit.nodes, units: unit.units ?? 'of-node', states: unit.states };
  if (node) return { type: 'node', nodes: node.nodes, state: node.state };
  if (tcp) return { type: 'tcp', host: tcp.host, port: tcp.port };
  if (http) {
    const { url, status, body_contains: bodyContains, ignore_certificate: isCertificateIgnored } = http;
    return { type: 'http', url, status, bodyContains, isCertificateIgnored };
  }
  if (exec) return { type: 'exec', nodes: exec.nodes, argv: exec.command, exitStatus: exec.exit_status };
  return undefined;
}

/** @param file with exactly one of its keys: the schema has seen to it */
function conditionOf(file: ConditionFile): ConditionDeclaration {
  const leaf = leafOf(file);
  if (leaf) return leaf;
  if (file.at_least) return { type: 'at-least', count: file.at_least.count, of: file.at_least.of };
  return file.any ? { type: 'any', of: file.any } : { type: 'all', of: file.all ?? [] };
}

export const oneCondition = demandOne(conditionKeys, 'condition');

const condition: z.ZodType<ConditionDeclaration> = z
  .lazy(() => z.strictObject(conditionShape(), group).superRefine(oneCondition).transform(conditionOf))
  .meta({
    id: 'condition',
    description: 'What must hold: exactly one of these keys.',
    example: '{ node: { nodes: [nas], state: online } }',
  });

/** Who is off must have been seen to be off twice: a host that restarts is away, too, for a moment. */
const looksForPowerOff = 2;

const looksForPowerOffAt = (condition: ConditionDeclaration): boolean =>
  'of' in condition
    ? condition.of.some(looksForPowerOffAt)
    : condition.type === 'node' && condition.state === 'powered-off';

/** The keys of a gate; a stage's gate has those of a step beside them. */
export const gateShape = () => ({
  sentence: sentenceLeaf({
    description: 'What it waits for, in words: its name in plans, runs and messages.',
    example: 'all servers answer /readyz',
  }),
  ...conditionShape(),
  every: durationLeaf({ description: 'How often it looks.', example: '2s' }, 100, 3_600_000).prefault('2s'),
  consecutive: wholeNumberLeaf(
    {
      description: `How many looks in a row must agree. Default: 1; ${looksForPowerOff} where a node must be powered off.`,
      example: '2',
    },
    1,
    100,
  ).optional(),
});

type GateFile = ConditionFile & {
  readonly sentence: string;
  readonly every: number;
  readonly consecutive?: number | undefined;
};

export function gateOf(file: GateFile): GateDeclaration {
  const condition = conditionOf(file);
  return {
    sentence: file.sentence,
    condition,
    intervalMs: file.every,
    consecutive: file.consecutive ?? (looksForPowerOffAt(condition) ? looksForPowerOff : 1),
  };
}

export const gate = z.strictObject(gateShape(), group).superRefine(oneCondition).transform(gateOf).meta({
  id: 'gate',
  description: 'Waits until a condition holds: a sentence for a name, and one condition.',
  example: '{ sentence: the storage is there, tcp: { host: nas.lan, port: 2049 } }',
});
