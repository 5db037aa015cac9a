/** `sequences` as the file has them → declarations with their places. */
import { byName } from '../core/plan/select-nodes.ts';
import type { SequenceDeclaration, StageDeclaration, StepDeclaration } from '../core/plan/sequence.ts';
import { actionOf } from './action-schema.ts';
import type { ConfigFile } from './config-schema.ts';
import type { KeyPath } from './finding.ts';
import { placeAt } from './read-inventory.ts';
import { kindOf, type SequenceFile, type StageFile, type StepFile } from './sequence-schema.ts';
import type { YamlSource } from './yaml-source.ts';

type Times = Pick<StepFile, 'timeout' | 'expected' | 'minimum' | 'on_failure' | 'drop_at'>;

const timesOf = ({ timeout, expected, minimum, on_failure, drop_at }: Times) => ({
  timeoutMs: timeout,
  expectedMs: expected,
  minimumMs: minimum,
  onFailure: on_failure,
  dropAt: drop_at,
});

function stepOf(file: StepFile, path: KeyPath, source: YamlSource): StepDeclaration {
  return {
    name: file.name,
    action: actionOf(file),
    parallelism: file.parallelism,
    ...timesOf(file),
    escalation: file.escalate,
    place: placeAt(source, path),
  };
}

/** A stage's gate is its last step. */
function gateStep(file: NonNullable<StageFile['gate']>, path: KeyPath, source: YamlSource): StepDeclaration {
  return {
    name: undefined,
    action: { type: 'gate', gate: file.gate },
    parallelism: undefined,
    ...timesOf(file.times),
    escalation: [],
    place: placeAt(source, path),
  };
}

function stageOf(file: StageFile, path: KeyPath, source: YamlSource): StageDeclaration {
  const steps = file.steps.map((step, index) => stepOf(step, [...path, 'steps', index], source));
  const gate = file.gate ? [gateStep(file.gate, [...path, 'gate'], source)] : [];
  return { name: file.name, steps: [...steps, ...gate], place: placeAt(source, path) };
}

function sequenceOf(name: string, file: SequenceFile, source: YamlSource): SequenceDeclaration {
  const path = ['sequences', name];
  return {
    name,
    kind: file.kind ?? kindOf(name),
    stages: file.stages.map((stage, index) => stageOf(stage, [...path, 'stages', index], source)),
    place: placeAt(source, path),
  };
}

export const readSequences = (file: ConfigFile, source: YamlSource): SequenceDeclaration[] =>
  Object.entries(file.sequences)
    .map(([name, sequence]) => sequenceOf(name, sequence, source))
    .sort(byName);
