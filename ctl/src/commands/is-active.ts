import { stateCommand } from '../unit-states.ts';

export const command = stateCommand({
  name: 'is-active',
  summary: 'ask whether units are active',
  description:
    'Prints the active state of units. Success means that every one of them is active or reloading.',
  wanted: ['active', 'reloading'],
  examples: [
    { command: 'hecatectl is-active node-a k3s', explanation: 'prints active, inactive, failed, unknown …' },
  ],
});
