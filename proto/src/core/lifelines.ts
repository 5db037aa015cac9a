/**
 * Units without which a node is cut off from its manager, or from who looks after it. A pattern does not mean them
 * where they would be ended: `stop '*'` would end with a node that nobody reaches. Named outright, they are meant.
 */
import type { Verb } from '../generated/wire.ts';
import { matchesAny } from './glob.ts';

/** Verbs after which a unit does not serve, now or from the next boot on; a restart that fails is one of them. */
const endingVerbs: ReadonlySet<Verb> = new Set<Verb>([
  'stop',
  'restart',
  'try-restart',
  'reload-or-restart',
  'kill',
  'freeze',
  'disable',
  'mask',
]);

const lifelines = [
  // Hecate itself, and the bus over which it asks systemd.
  'hecate-agent*.service',
  'hecate-manager*.service',
  'dbus.service',
  'dbus.socket',
  'dbus-broker.service',
  // What all of these are in, or require.
  'init.scope',
  '-.slice',
  'system.slice',
  'app.slice',
  'sysinit.target',
  'basic.target',
  // The network.
  'networking.service',
  'NetworkManager.service',
  'systemd-networkd.service',
  'systemd-networkd.socket',
  'wpa_supplicant*.service',
  // The other way in.
  'ssh.service',
  'ssh.socket',
  'sshd.service',
  'sshd.socket',
];

export const endsUnits = (verb: Verb): boolean => endingVerbs.has(verb);

/** @param ownUnit the unit that the node's agent runs in; empty when it is not known */
export const isLifeline = (unit: string, ownUnit: string): boolean =>
  (ownUnit !== '' && unit === ownUnit) || matchesAny(lifelines, unit);
