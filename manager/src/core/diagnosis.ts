/** Why does NODE not come online: what the manager can see of it, each finding with its remedy. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { createFinding, type Finding } from '@hecate/proto/generated/wire.ts';
import type { FleetNode } from './fleet.ts';

/** A connection of (or claiming to be) the node that was turned away. */
export interface Refusal {
  /** Unix time. */
  readonly atMs: number;
  readonly address: string;
  readonly reason: string;
  readonly remedy: string;
}

export interface DiagnosisFacts {
  readonly name: string;
  readonly nowWallMs: number;
  readonly node: FleetNode | undefined;
  readonly isEnrolled: boolean;
  readonly isRevoked: boolean;
  /** Unix time; 0: no certificate was issued. */
  readonly certificateNotAfterMs: number;
  readonly hasOpenToken: boolean;
  readonly hasAuthority: boolean;
  readonly listening: readonly string[];
  readonly refusals: readonly Refusal[];
  readonly refusalsOfStrangers: number;
}

/** Certificates are valid from five minutes before their issue; a clock further off breaks TLS. */
const clockOffsetMaxMs = 5 * 60_000;

const finding = (subject: string, trouble: string, remedy: string, fine: string): Finding =>
  createFinding({ subject, passed: trouble === '', detail: trouble || fine, remedy: trouble ? remedy : '' });

export function diagnose(facts: DiagnosisFacts): Finding[] {
  const findings = [name(facts), port(facts), certificate(facts), refusals(facts), session(facts)];
  if (facts.node?.connection === 'online')
    findings.push(clock(facts.node), bus(facts.node), units(facts.node));
  return findings;
}

function name(facts: DiagnosisFacts): Finding {
  const trouble = facts.isRevoked
    ? `${facts.name} was revoked`
    : facts.isEnrolled
      ? ''
      : `${facts.name} is not enrolled in this site`;
  return finding('name', trouble, `hecatectl node enroll ${facts.name}`, `${facts.name} is allowed`);
}

function port(facts: DiagnosisFacts): Finding {
  const [first] = facts.listening;
  const why = facts.hasAuthority ? '' : ': there is no certificate authority yet';
  return finding(
    'port',
    first === undefined ? `the manager does not listen${why}` : '',
    facts.hasAuthority ? 'see "listen" in hecate.yaml, and the log of hecate-manager' : 'hecatectl ca init',
    `the manager listens on ${facts.listening.join(', ')}; on the node try: nc -zv MANAGER ${portOf(first)}`,
  );
}

const portOf = (address = ''): string => address.slice(address.lastIndexOf(':') + 1);

function certificate(facts: DiagnosisFacts): Finding {
  const { certificateNotAfterMs: until, nowWallMs } = facts;
  const enroll = `hecatectl node enroll ${facts.name}, then on the node: hecate-agent join`;
  if (until === 0 && facts.node?.connection === 'online')
    return finding('TLS', '', '', 'it has no certificate, and came over the plain loopback listener');
  if (until === 0) {
    const waiting = facts.hasOpenToken
      ? 'its join token was not used yet'
      : 'no certificate was issued to it';
    return finding('TLS', waiting, facts.hasOpenToken ? 'on the node: hecate-agent join' : enroll, '');
  }
  const trouble = until < nowWallMs ? `its certificate ended ${new Date(until).toISOString()}` : '';
  return finding('TLS', trouble, enroll, `its certificate is valid until ${new Date(until).toISOString()}`);
}

function refusals(facts: DiagnosisFacts): Finding {
  const last = facts.refusals.at(-1);
  if (last) {
    const trouble = `a connection from ${last.address} was refused ${new Date(last.atMs).toISOString()}: ${last.reason}`;
    return finding('connections', trouble, last.remedy, '');
  }
  const strangers = facts.refusalsOfStrangers;
  const fine =
    strangers === 0
      ? 'no connection was refused'
      : `${strangers} refused connections did not say who they are`;
  return finding('connections', '', '', fine);
}

function session(facts: DiagnosisFacts): Finding {
  const { node } = facts;
  if (node?.connection === 'online') return finding('session', '', '', `online from ${node.address}`);
  const since = node && node.lastSeenMs > 0 ? `, last seen ${new Date(node.lastSeenMs).toISOString()}` : '';
  return finding(
    'session',
    `${facts.name} is not connected: ${node?.offlineReason ?? 'unknown name'}${since}`,
    'on the node: systemctl status hecate-agent; hecate-agent check',
    '',
  );
}

function clock(node: FleetNode): Finding {
  const offMs = node.clockOffsetMs;
  const trouble =
    Math.abs(offMs) > clockOffsetMaxMs
      ? `its clock is ${offMs < 0 ? '-' : ''}${formatDuration(Math.abs(offMs))} off the manager's`
      : '';
  return finding(
    'clock',
    trouble,
    'on the node: timedatectl status',
    `its clock is within ${formatDuration(Math.abs(offMs))}`,
  );
}

const bus = (node: FleetNode): Finding =>
  finding(
    'D-Bus',
    node.busConnected ? '' : 'the agent has no D-Bus',
    'on the node: systemctl status dbus',
    'the agent reaches systemd',
  );

const units = (node: FleetNode): Finding =>
  finding(
    'units',
    node.snapshotComplete ? '' : 'its list of units is not complete yet',
    'wait a moment; then on the node: journalctl -u hecate-agent',
    `${node.units.size} units known`,
  );
