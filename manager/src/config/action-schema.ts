/** What a step does, as the operator writes it → ActionDeclaration. */
import { jobModes } from '@hecate/proto/core/job-modes.ts';
import { unitVerbs } from '@hecate/proto/core/unit-verbs.ts';
import { createVerbOptions, type VerbOptions } from '@hecate/proto/generated/wire.ts';
import { z } from 'zod';
import type { ActionDeclaration } from '../core/plan/sequence.ts';
import { gate } from './condition-schema.ts';
import { switchLeaf, wordLeaf } from './config-leaves.ts';
import {
  declaredNameLeaf,
  nodeCommandLeaf,
  nodesLeaf,
  signalLeaf,
  stepDurationLeaf,
  unitsLeaf,
} from './plan-leaves.ts';

const group = { error: 'expected a map of keys' };

const nodes = nodesLeaf({ description: 'On which nodes.', example: '["role:agent"]' });

const successBy = {
  success_by: wordLeaf(
    {
      description:
        'outcome: the step is done when every operation is · gate: it is over when systemd has taken every operation, and a gate behind it decides; offline, unknown and timeout are then no failure.',
      example: 'gate',
    },
    ['outcome', 'gate'],
  ).default('outcome'),
};

const unitKeys = {
  nodes,
  units: unitsLeaf({
    description: 'Which units. Default: those that the inventory has of each node.',
    example: '[k3s.service]',
  }).optional(),
  ...successBy,
  missing_unit_is_done: switchLeaf({
    description: 'Whether an operation on a unit that the node does not have counts as done.',
    example: 'true',
  }).default(false),
};

const runtime = switchLeaf({ description: 'Whether it ends with the next boot.', example: 'true' }).default(
  false,
);
const force = switchLeaf({
  description: 'Whether links that are in the way are replaced.',
  example: 'true',
}).default(false);

const jobVerb = z
  .strictObject(
    {
      ...unitKeys,
      job_mode: wordLeaf(
        { description: 'How systemd treats jobs that are in the way.', example: 'replace' },
        jobModes,
      ).optional(),
    },
    group,
  )
  .meta({ id: 'job-verb', description: 'A job of systemd for units.' });

const killVerb = z
  .strictObject(
    {
      ...unitKeys,
      signal: signalLeaf({ description: 'Which signal.', example: 'KILL' }).prefault('TERM'),
      who: wordLeaf({ description: 'To which of its processes.', example: 'all' }, [
        'all',
        'main',
        'control',
      ]).default('all'),
    },
    group,
  )
  .meta({ id: 'signal-verb', description: 'A signal to the processes of units.' });

const plainVerb = z.strictObject(unitKeys, group).meta({ id: 'unit-verb', description: 'Units of nodes.' });

const linkVerb = z
  .strictObject({ ...unitKeys, runtime, force }, group)
  .meta({ id: 'link-verb', description: 'Links of unit files.' });

const unlinkVerb = z
  .strictObject({ ...unitKeys, runtime }, group)
  .meta({ id: 'unlink-verb', description: 'Links of unit files that go.' });

const reloadVerb = z
  .strictObject({ nodes, ...successBy }, group)
  .meta({ id: 'reload-verb', description: 'The systemd of nodes.' });

const hosts = z.strictObject({ nodes }, group).meta({ id: 'host-verb', description: 'Whole nodes.' });

const exec = z
  .strictObject(
    {
      nodes,
      command: nodeCommandLeaf({
        description: 'Program and arguments, run by the agent without a shell; its policy must allow exec.',
        example: '[sync]',
      }),
    },
    group,
  )
  .meta({ id: 'exec-verb', description: 'A command on nodes.' });

const unitExample = '{ nodes: ["role:agent"], units: [k3s-agent.service] }';
const hostsExample = '{ nodes: ["role:agent"] }';

/** Every action by its key; a step has exactly one of them. */
export const actionShape = {
  start: jobVerb.meta({ description: 'Starts units.', example: unitExample }).optional(),
  stop: jobVerb.meta({ description: 'Stops units.', example: unitExample }).optional(),
  restart: jobVerb.meta({ description: 'Restarts units.', example: unitExample }).optional(),
  'try-restart': jobVerb
    .meta({ description: 'Restarts units that are active.', example: unitExample })
    .optional(),
  reload: jobVerb.meta({ description: 'Reloads units.', example: unitExample }).optional(),
  'reload-or-restart': jobVerb
    .meta({ description: 'Reloads units, or restarts those that cannot.', example: unitExample })
    .optional(),
  kill: killVerb
    .meta({
      description: 'Sends a signal to the processes of units.',
      example: '{ nodes: ["role:agent"], units: [k3s-agent.service], signal: KILL }',
    })
    .optional(),
  freeze: plainVerb.meta({ description: 'Freezes units.', example: unitExample }).optional(),
  thaw: plainVerb.meta({ description: 'Thaws units.', example: unitExample }).optional(),
  'reset-failed': plainVerb
    .meta({ description: 'Lets systemd forget that units have failed.', example: unitExample })
    .optional(),
  enable: linkVerb.meta({ description: 'Lets units start at boot.', example: unitExample }).optional(),
  disable: unlinkVerb
    .meta({ description: 'Lets units start at boot no more.', example: unitExample })
    .optional(),
  mask: linkVerb
    .meta({ description: 'Makes it impossible to start units.', example: unitExample })
    .optional(),
  unmask: unlinkVerb
    .meta({ description: 'Makes it possible to start units again.', example: unitExample })
    .optional(),
  'daemon-reload': reloadVerb
    .meta({ description: 'Lets systemd read its unit files again.', example: hostsExample })
    .optional(),
  exec: exec
    .meta({ description: 'Runs a command.', example: '{ nodes: [srv-1], command: [sync] }' })
    .optional(),
  gate: gate
    .meta({
      description: 'Waits until a condition holds.',
      example: '{ sentence: the storage is there, tcp: { host: nas.lan, port: 2049 } }',
    })
    .optional(),
  wait: stepDurationLeaf({ description: 'Waits that long; it needs no timeout.', example: '10s' }).optional(),
  wake: hosts
    .meta({
      description: 'Wakes nodes (Wake-on-LAN), again at each look, until they are online.',
      example: '{ nodes: ["role:server"] }',
    })
    .optional(),
  poweroff: hosts
    .meta({ description: 'Powers nodes off, and waits until they are.', example: hostsExample })
    .optional(),
  reboot: hosts
    .meta({ description: 'Reboots nodes, and waits until they are back.', example: hostsExample })
    .optional(),
  hook: declaredNameLeaf({ description: 'Runs a command of `hooks`.', example: 'cordon' }).optional(),
};

export type ActionKey = keyof typeof actionShape;
export const actionKeys = Object.keys(actionShape) as ActionKey[];

/** An action as the file has it: exactly one of these keys. */
export type ActionFile = z.output<z.ZodObject<typeof actionShape>>;

/** Those that act on units, with the options that some of them have. */
interface UnitsFile {
  readonly nodes: readonly string[];
  readonly units?: readonly string[] | undefined;
  readonly success_by: 'outcome' | 'gate';
  readonly missing_unit_is_done?: boolean;
  readonly job_mode?: string | undefined;
  readonly signal?: number;
  readonly who?: string;
  readonly runtime?: boolean;
  readonly force?: boolean;
}

/** Undefined where everything is as systemd has it: the same plan, however it is written (I13). */
function optionsOf(verb: string, file: UnitsFile): VerbOptions | undefined {
  const { job_mode: jobMode, signal, who, runtime, force } = file;
  if (verb === 'kill') return createVerbOptions({ killWho: who ?? 'all', signal: signal ?? 15 });
  if (jobMode !== undefined) return createVerbOptions({ jobMode });
  if (runtime || force) return createVerbOptions({ runtime: runtime ?? false, force: force ?? false });
  return undefined;
}

function unitAction(verb: (typeof unitVerbs)[number], file: UnitsFile): ActionDeclaration {
  return {
    type: 'unit',
    verb,
    nodes: file.nodes,
    // It acts on systemd as a whole.
    units: verb === 'daemon-reload' ? [] : (file.units ?? 'of-node'),
    options: optionsOf(verb, file),
    successBy: file.success_by,
    isMissingUnitDone: file.missing_unit_is_done ?? false,
  };
}

/** @param file with exactly one action: the schema has seen to it */
export function actionOf(file: ActionFile): ActionDeclaration {
  for (const verb of unitVerbs) {
    const units = file[verb];
    if (units) return unitAction(verb, units);
  }
  const { exec, gate, wait, wake, poweroff, reboot } = file;
  if (exec) return { type: 'exec', nodes: exec.nodes, argv: exec.command };
  if (gate) return { type: 'gate', gate };
  if (wait !== undefined) return { type: 'wait', durationMs: wait };
  if (wake) return { type: 'wake', nodes: wake.nodes };
  if (poweroff) return { type: 'power', verb: 'poweroff', nodes: poweroff.nodes };
  if (reboot) return { type: 'power', verb: 'reboot', nodes: reboot.nodes };
  return { type: 'hook', hook: file.hook ?? '' };
}
