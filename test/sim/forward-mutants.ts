/**
 * Planted bugs between two sites, each as it would be made: around the file, the wire and the configuration of the
 * production code. The simulator must find every one of them.
 */
import type { Method } from '@hecate/proto/core/frames.ts';
import { createForwardTrigger, createWithdrawTrigger } from '@hecate/proto/generated/wire.ts';
import type { ForwardDeclaration, ManagerConfig } from '../../manager/src/config/manager-config.ts';
import type { Mutation } from './runs-mutation.ts';

/** Another file's sequences each time: nothing is known by them. */
function eachAsNew(): (method: Method) => Method {
  let count = 0;
  return (method) => {
    if (method.case !== 'forwardTrigger') return method;
    count += 1;
    return { case: method.case, value: createForwardTrigger({ ...method.value, instance: `copy-${count}` }) };
  };
}

/** The receiver takes it for one that it has let go of. */
const withdrawalForgotten = (method: Method): Method =>
  method.case === 'withdrawTrigger'
    ? { case: method.case, value: createWithdrawTrigger({ ...method.value, sequence: 0 }) }
    : method;

const withdrawalAsForward = (method: Method): Method => {
  if (method.case !== 'withdrawTrigger') return method;
  const { ups, instance, sequence, sentence } = method.value;
  const told = { ups, instance, sequence, sentence, triggerId: `${ups} again`, cause: 'runtime' };
  return { case: 'forwardTrigger', value: createForwardTrigger(told) };
};

const withForward =
  (changes: Partial<ForwardDeclaration>) =>
  (config: ManagerConfig): ManagerConfig => {
    const { power } = config;
    return power.forward
      ? { ...config, power: { ...power, forward: { ...power.forward, ...changes } } }
      : config;
  };

const withoutTakenBack = (text: string): string =>
  JSON.stringify(JSON.parse(text), (key, value) => (key === 'takenBack' ? undefined : value));

export const forwardMutants: Readonly<Record<string, Mutation>> = {
  'a forward is acknowledged before it is written': { forwardFile: 'answers-early' },
  'what was forwarded is not kept': { forwardFile: 'is-never-written' },
  'a trigger that comes twice is another one': { forwardMethod: eachAsNew() },
  'a withdrawal is taken for an old one': { forwardMethod: withdrawalForgotten },
  'a withdrawal is taken for a forward': { forwardMethod: withdrawalAsForward },
  'no own shutdown begins': { forwardConfig: withForward({ hasLocalShutdown: false }) },
  'a receiver that says nothing is waited for': {
    forwardConfig: withForward({ acknowledgeWithinMs: 60_000, progressWithinMs: 900_000 }),
  },
  'what is to be started again is forgotten with the manager': { forwardText: withoutTakenBack },
};
