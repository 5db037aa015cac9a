import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Invocation } from '../core/invocation.ts';
import { signalNumber } from '../core/signal-number.ts';
import { operateCommand } from '../operate-command.ts';

function killOptions(invocation: Invocation): { killWho: string; signal: number } {
  const given = invocation.text('signal') ?? 'SIGTERM';
  const signal = signalNumber(given);
  if (signal === undefined) {
    throw new HecateError(
      'HEC_USAGE',
      `${JSON.stringify(given.slice(0, 40))} is not a signal`,
      'give a name or a number of Linux, like SIGHUP, HUP or 1: kill -l lists them',
    );
  }
  return { killWho: invocation.text('kill-whom') ?? 'all', signal };
}

export const command = operateCommand({
  verb: 'kill',
  group: 'operate',
  summary: 'send a signal to processes of units',
  description: [
    'Sends a signal to the processes of units. Done means that it was sent; what the processes do with it shows in status.',
  ],
  examples: [
    {
      command: 'hecatectl kill node-a nginx -s HUP',
      explanation: 'sends SIGHUP to all processes of nginx.service',
    },
    {
      command: 'hecatectl kill node-a batch --signal KILL --kill-whom main',
      explanation: 'ends the main process of batch.service at once',
    },
  ],
  units: 'required',
  options: [
    { long: 'signal', short: 's', valueName: 'SIGNAL', description: 'which one; SIGTERM when not given' },
    {
      long: 'kill-whom',
      valueName: 'WHOM',
      description: 'which processes; all when not given',
      choices: ['main', 'control', 'all'],
    },
  ],
  verbOptions: killOptions,
});
