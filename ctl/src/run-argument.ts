import type { ArgumentDefinition } from './core/command-definition.ts';

export const runArgument: ArgumentDefinition = {
  name: 'ID',
  description: 'the id of the run, or its first characters where only one begins so (hecatectl runs list)',
  isRequired: true,
  isVariadic: false,
  completion: 'runs',
};
