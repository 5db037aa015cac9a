/** `[hirte-agent]` and `[bluechi-agent]` → agent.conf. */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { managerPort } from '@hecate/proto/core/limits.ts';
import { formatManagerAddress, parseManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
import type { BluechiValue } from './bluechi-ini.ts';
import {
  type Imported,
  type ImportNote,
  type Keys,
  logLevelOf,
  noteComments,
  noteOf,
  notesOfOthers,
  portOf,
  withoutEquivalent,
} from './imported.ts';

/** One line of agent.conf, or a note, or neither. */
interface Part {
  readonly line?: string;
  readonly notes: readonly ImportNote[];
}

/** @param source for the comment at the top */
export function importAgent(keys: Keys, source: string): Imported {
  const others = { notes: notesOfOthers(keys, known, ofAgent) };
  const parts: Part[] = [nodeName(keys), manager(keys), logLevel(keys), others];
  const notes = parts.flatMap((part) => part.notes);
  const head = [
    `# Made by hecatectl config import from ${source}.`,
    '# Next: hecate-agent join, with a token that hecatectl node enroll made.',
    '[Agent]',
  ];
  const lines = parts.flatMap(({ line }) => (line === undefined ? [] : [line]));
  return { kind: 'agent', text: `${[...head, ...lines, ...noteComments(notes)].join('\n')}\n`, notes };
}

function nodeName(keys: Keys): Part {
  const given = keys.get('NodeName');
  if (!given || given.value === '') return { notes: [] };
  const name = given.value.toLowerCase().replaceAll('_', '-');
  try {
    parseNodeName(name);
  } catch (thrown) {
    return { notes: [noteOf('NodeName', given, `left out: ${asHecateError(thrown).message}`)] };
  }
  const notes = name === given.value ? [] : [noteOf('NodeName', given, `its name is ${name} here`)];
  return { line: `NodeName=${name}`, notes };
}

/** Their address overrules their host and port. */
function manager(keys: Keys): Part {
  const address = first(keys, ['ControllerAddress', 'ManagerAddress']);
  const host = first(keys, ['ControllerHost', 'ManagerHost']);
  const port = first(keys, ['ControllerPort', 'ManagerPort']);
  if (!address) return dialled(host, port?.given.value, port);
  const overruled = [host, port].flatMap((each) =>
    each ? [noteOf(each.key, each.given, `overruled by ${address.key}`)] : [],
  );
  const fields = Object.fromEntries(
    [...address.given.value.matchAll(/(?:^tcp:|,)(host|port)=([^,;]*)/g)].map((each) => [each[1], each[2]]),
  ) as { host?: string; port?: string };
  if (fields.host === undefined) {
    const why = 'left out: agents dial HOST:PORT over TLS; write Manager=';
    return { notes: [...overruled, noteOf(address.key, address.given, why)] };
  }
  const part = dialled(
    { key: address.key, given: { ...address.given, value: fields.host } },
    fields.port,
    address,
  );
  return { ...part, notes: [...overruled, ...part.notes] };
}

interface Given {
  readonly key: string;
  readonly given: BluechiValue;
}

const first = (keys: Keys, names: readonly string[]): Given | undefined => {
  for (const key of names) {
    const given = keys.get(key);
    if (given && given.value !== '') return { key, given };
  }
  return undefined;
};

function dialled(host: Given | undefined, port: string | undefined, portKey: Given | undefined): Part {
  const taken = port === undefined ? managerPort : (portOf(port) ?? managerPort);
  const notes: ImportNote[] = [];
  if (portKey && port !== undefined && portOf(port) === undefined) {
    const why = `the manager listens on ${managerPort} unless its configuration says otherwise`;
    notes.push(noteOf(portKey.key, portKey.given, why));
  }
  if (!host) return { notes };
  const line = formatManagerAddress({ host: host.given.value.trim(), port: taken });
  if (parseManagerAddress(line)) return { line: `Manager=${line}`, notes };
  return {
    notes: [...notes, noteOf(host.key, host.given, 'left out: expected a DNS name or an IP address')],
  };
}

function logLevel(keys: Keys): Part {
  const given = keys.get('LogLevel');
  if (!given || given.value === '') return { notes: [] };
  const level = logLevelOf(given.value);
  if (level) return { line: `LogLevel=${level}`, notes: [] };
  return { notes: [noteOf('LogLevel', given, 'left out: expected DEBUG, INFO, WARN or ERROR')] };
}

const known = new Set([
  'NodeName',
  'ControllerAddress',
  'ManagerAddress',
  'ControllerHost',
  'ManagerHost',
  'ControllerPort',
  'ManagerPort',
  'LogLevel',
]);

const ofAgent: Readonly<Record<string, string>> = {
  ...withoutEquivalent,
  HeartbeatInterval: 'the manager says how often: heartbeat_interval in its hecate.yaml',
  ControllerHeartbeatThreshold:
    'silence of two intervals is the end of a session: heartbeat_interval in hecate.yaml',
  LogIsQuiet: 'LogLevel=error is the least',
};
