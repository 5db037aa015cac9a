import { stateCommand } from '../unit-states.ts';

export const command = stateCommand({
  name: 'is-failed',
  summary: 'ask whether units have failed',
  description: 'Prints the active state of units. Success means that every one of them is failed.',
  wanted: ['failed'],
  examples: [
    {
      command: 'hecatectl is-failed node-a k3s && hecatectl reset-failed node-a k3s',
      explanation: 'resets it if it failed',
    },
  ],
});
