/** All commands, in the order of the help; each is loaded when it is called. */
import type { Command } from '../context.ts';
import type { CommandDefinition } from '../core/command-definition.ts';

const loaders: Record<string, () => Promise<{ command: Command }>> = {
  'list-nodes': () => import('./list-nodes.ts'),
  'list-units': () => import('./list-units.ts'),
  status: () => import('./status.ts'),
  show: () => import('./show.ts'),
  'is-active': () => import('./is-active.ts'),
  'is-failed': () => import('./is-failed.ts'),
  wait: () => import('./wait.ts'),
  logs: () => import('./logs.ts'),
  monitor: () => import('./monitor.ts'),
  start: () => import('./start.ts'),
  stop: () => import('./stop.ts'),
  restart: () => import('./restart.ts'),
  'try-restart': () => import('./try-restart.ts'),
  reload: () => import('./reload.ts'),
  'reload-or-restart': () => import('./reload-or-restart.ts'),
  kill: () => import('./kill.ts'),
  freeze: () => import('./freeze.ts'),
  thaw: () => import('./thaw.ts'),
  'reset-failed': () => import('./reset-failed.ts'),
  exec: () => import('./exec.ts'),
  operation: () => import('./operation.ts'),
  operations: () => import('./operations.ts'),
  poweroff: () => import('./poweroff.ts'),
  reboot: () => import('./reboot.ts'),
  plan: () => import('./plan.ts'),
  'plan check': () => import('./plan-check.ts'),
  'plan list': () => import('./plan-list.ts'),
  startup: () => import('./startup.ts'),
  shutdown: () => import('./shutdown.ts'),
  bootstrap: () => import('./bootstrap.ts'),
  run: () => import('./run.ts'),
  'runs list': () => import('./runs-list.ts'),
  'runs show': () => import('./runs-show.ts'),
  'runs watch': () => import('./runs-watch.ts'),
  'runs abort': () => import('./runs-abort.ts'),
  'power status': () => import('./power-status.ts'),
  'power explain': () => import('./power-explain.ts'),
  'power test': () => import('./power-test.ts'),
  'power rehearse': () => import('./power-rehearse.ts'),
  'list-unit-files': () => import('./list-unit-files.ts'),
  'is-enabled': () => import('./is-enabled.ts'),
  enable: () => import('./enable.ts'),
  disable: () => import('./disable.ts'),
  mask: () => import('./mask.ts'),
  unmask: () => import('./unmask.ts'),
  cat: () => import('./cat.ts'),
  'daemon-reload': () => import('./daemon-reload.ts'),
  'get-default': () => import('./get-default.ts'),
  'set-default': () => import('./set-default.ts'),
  health: () => import('./health.ts'),
  doctor: () => import('./doctor.ts'),
  metrics: () => import('./metrics.ts'),
  daemon: () => import('./daemon.ts'),
  'set-log-level': () => import('./set-log-level.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
  'config import': () => import('./config-import.ts'),
  'ca init': () => import('./ca-init.ts'),
  'node enroll': () => import('./node-enroll.ts'),
  'node revoke': () => import('./node-revoke.ts'),
  'node list': () => import('./node-list.ts'),
  'operator enroll': () => import('./operator-enroll.ts'),
  'operator revoke': () => import('./operator-revoke.ts'),
  'operator list': () => import('./operator-list.ts'),
  'peer enroll': () => import('./peer-enroll.ts'),
  'peer revoke': () => import('./peer-revoke.ts'),
  'peer list': () => import('./peer-list.ts'),
  join: () => import('./join.ts'),
  version: () => import('./version.ts'),
  completion: () => import('./completion.ts'),
};

export const commandNames: readonly string[] = Object.keys(loaders);

export async function loadCommand(name: string): Promise<Command> {
  const loader = loaders[name];
  if (!loader) throw new Error(`there is no command ${name}`);
  return (await loader()).command;
}

export const loadDefinitions = async (): Promise<CommandDefinition[]> =>
  Promise.all(commandNames.map(async (name) => (await loadCommand(name)).definition));
