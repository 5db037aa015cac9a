/** Whether the site is well, in checks that a timer, a load balancer and a person can all use. */
import {
  createHealth,
  createHealthCheck,
  type Health,
  type HealthCheck,
} from '@hecate/proto/generated/wire.ts';
import type { FleetState } from './fleet.ts';
import { type Troubles, writeTroublesOf } from './troubles.ts';

export interface HealthFacts {
  readonly fleet: FleetState;
  readonly epoch: number;
  /** The highest epoch an agent told of; above ours, a newer manager has been here (I6). */
  readonly highestForeignEpoch: number;
  readonly hasAuthority: boolean;
  /** Whether nodes may also come without a certificate: over the plain loopback listener. */
  readonly hasPlainListener: boolean;
  readonly troubles: Troubles;
  /** Runs that are going on, a sentence each. */
  readonly runs: readonly string[];
  /** Orders that nodes hold of runs that are not known here, a sentence each, and what to do about the first. */
  readonly orders: { readonly sentences: readonly string[]; readonly remedy: string };
  /** What UPSes give cause to, a sentence each; undefined: no UPS is watched. */
  readonly power?: readonly string[] | undefined;
  readonly site: string;
  readonly softwareVersion: string;
  readonly uptimeMs: number;
}

export function healthOf(facts: HealthFacts): Health {
  const checks = [
    authority(facts),
    epoch(facts),
    disk(facts),
    listeners(facts),
    nodes(facts),
    buses(facts),
    runs(facts),
    ...(facts.power === undefined ? [] : [power(facts.power)]),
  ];
  return createHealth({
    healthy: checks.every((check) => check.passed),
    checks,
    epoch: facts.epoch,
    softwareVersion: facts.softwareVersion,
    uptimeMs: Math.round(facts.uptimeMs),
    site: facts.site,
  });
}

function check(name: string, trouble: string, remedy: string, fine: string): HealthCheck {
  const passed = trouble === '';
  return createHealthCheck({ name, passed, detail: passed ? fine : trouble, remedy: passed ? '' : remedy });
}

const authority = (facts: HealthFacts): HealthCheck =>
  check(
    'authority',
    facts.hasAuthority || facts.hasPlainListener
      ? ''
      : 'there is no certificate authority, so no node can connect',
    'hecatectl ca init',
    facts.hasAuthority ? 'the certificate authority is there' : 'none, and none is needed on plain loopback',
  );

function epoch({ epoch: own, highestForeignEpoch: foreign }: HealthFacts): HealthCheck {
  const trouble =
    foreign > own ? `agents have seen epoch ${foreign}, this manager has ${own}: a newer one took over` : '';
  return check(
    'epoch',
    trouble,
    'stop this manager; or, if it is to be the one again, restart it: it then takes a higher epoch',
    `epoch ${own}`,
  );
}

const disk = (facts: HealthFacts): HealthCheck =>
  check(
    'state',
    writeTroublesOf(facts.troubles).join('; '),
    'free space in the state directory, or mount it writable',
    'the journal, the audit log and the ledger of certificates can be written',
  );

const listeners = ({ troubles }: HealthFacts): HealthCheck =>
  check(
    'listeners',
    troubles.listeners ?? '',
    'see "listen" in hecate.yaml, and what else uses the port: ss -ltnp; it is tried again by itself',
    'every address is listened on',
  );

function nodes({ fleet }: HealthFacts): HealthCheck {
  const away = [...fleet.nodes.values()]
    .filter((node) => node.connection !== 'online')
    .map((node) => node.name);
  const trouble = away.length === 0 ? '' : `not online: ${away.join(', ')}`;
  const { size } = fleet.nodes;
  const fine = size === 0 ? 'there are no nodes yet' : `${size} ${size === 1 ? 'node' : 'nodes'} online`;
  return check('nodes', trouble, `hecatectl doctor ${away[0] ?? ''}`, fine);
}

function buses({ fleet }: HealthFacts): HealthCheck {
  const cut = [...fleet.nodes.values()].filter((node) => node.connection === 'online' && !node.busConnected);
  const trouble =
    cut.length === 0 ? '' : `the agent has lost its D-Bus on ${cut.map((node) => node.name).join(', ')}`;
  return check('bus', trouble, 'systemctl status dbus on that node', 'every agent reaches its D-Bus');
}

const power = (troubles: readonly string[]): HealthCheck =>
  check('power', troubles.join('; '), 'hecatectl power status', 'every UPS answers, and is on mains');

/** An active run is no trouble; whoever looks wants to know of it all the same. */
const runs = ({ runs: active, orders }: HealthFacts): HealthCheck => {
  const fine = active.length === 0 ? 'no run is going on' : active.join('; ');
  return check('runs', orders.sentences.join('; '), orders.remedy, fine);
};
