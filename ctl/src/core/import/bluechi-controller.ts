/** `[hirte]` and `[bluechi-controller]` → hecate.yaml. */
import { formatDuration } from '@hecate/proto/core/duration-text.ts';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { limits, managerPort } from '@hecate/proto/core/limits.ts';
import { parseNodeName } from '@hecate/proto/core/names.ts';
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

/** Lines of YAML, and what is to be said of them. */
interface Part {
  readonly lines: readonly string[];
  readonly notes: readonly ImportNote[];
}

const nothing: Part = { lines: [], notes: [] };

/** @param source for the comment at the top */
export function importController(keys: Keys, source: string): Imported {
  const others = { lines: [], notes: notesOfOthers(keys, known, ofController) };
  const parts: Part[] = [nodes(keys), listen(keys), heartbeat(keys), logging(keys), others];
  const notes = parts.flatMap((part) => part.notes);
  const head = [
    `# Made by hecatectl config import from ${source}.`,
    '# Every key has a default: docs/config.md. Next: hecatectl ca init, and hecatectl node enroll NAME for every node.',
  ];
  const lines = [...head, ...parts.flatMap((part) => part.lines), ...noteComments(notes)];
  return { kind: 'manager', text: `${lines.join('\n')}\n`, notes };
}

function nodes(keys: Keys): Part {
  const key = 'AllowedNodeNames';
  const given = keys.get(key);
  if (!given) return nothing;
  const notes: ImportNote[] = [];
  const names = new Set<string>();
  for (const word of given.value.split(',').map((each) => each.trim())) {
    if (word === '') continue;
    const name = word.toLowerCase().replaceAll('_', '-');
    try {
      names.add(parseNodeName(name));
      if (name !== word) notes.push(noteOf(key, { ...given, value: word }, `its name is ${name} here`));
    } catch (thrown) {
      notes.push(noteOf(key, { ...given, value: word }, `left out: ${asHecateError(thrown).message}`));
    }
  }
  return {
    lines: ['nodes:', ...[...names].map((name) => `  - ${JSON.stringify(name)}`)].map(orEmpty),
    notes,
  };
}

const orEmpty = (line: string, _index: number, lines: readonly string[]): string =>
  lines.length === 1 ? 'nodes: []' : line;

function listen(keys: Keys): Part {
  const found = ['ControllerPort', 'ManagerPort'].flatMap((key) => {
    const given = keys.get(key);
    return given ? [{ key, given }] : [];
  });
  const [first] = found;
  if (!first) return nothing;
  const port = portOf(first.given.value);
  if (port !== undefined) return { lines: [`listen: ["0.0.0.0:${port}"]`], notes: [] };
  const why = `the manager runs as a user of its own and listens on ${managerPort}; ports from 1024 on can be set with listen`;
  return { lines: [], notes: [noteOf(first.key, first.given, why)] };
}

/** Ours counts a node as offline after two intervals: half of their threshold. */
function heartbeat(keys: Keys): Part {
  const interval = keys.get('HeartbeatInterval');
  const threshold = keys.get('NodeHeartbeatThreshold');
  const isOff = interval === undefined || Number(interval.value) <= 0;
  if (isOff) {
    const why = 'heartbeats cannot be switched off: the default of heartbeat_interval is taken';
    const notes = interval ? [noteOf('HeartbeatInterval', interval, why)] : [];
    return {
      lines: [],
      notes: threshold ? [...notes, noteOf('NodeHeartbeatThreshold', threshold, why)] : notes,
    };
  }
  const isByThreshold = threshold !== undefined && Number(threshold.value) > 0;
  const key = isByThreshold ? 'NodeHeartbeatThreshold' : 'HeartbeatInterval';
  const given = isByThreshold ? threshold : interval;
  const wantedMs = Math.round(Number(given.value) / (isByThreshold ? 2 : 1));
  if (!Number.isSafeInteger(wantedMs))
    return { lines: [], notes: [noteOf(key, given, 'left out: expected a number of milliseconds')] };
  const { heartbeatIntervalMsMin, heartbeatIntervalMsMax } = limits;
  const takenMs = Math.min(Math.max(wantedMs, heartbeatIntervalMsMin), heartbeatIntervalMsMax);
  const why = isByThreshold
    ? `heartbeat_interval is ${formatDuration(takenMs)}, both ways; a node is offline after two`
    : `heartbeat_interval is ${formatDuration(takenMs)}, both ways`;
  const isAsTheirs = !isByThreshold && takenMs === wantedMs;
  return {
    lines: [`heartbeat_interval: ${takenMs}ms`],
    notes: isAsTheirs ? [] : [noteOf(key, given, why)],
  };
}

function logging(keys: Keys): Part {
  const given = keys.get('LogLevel');
  if (!given) return nothing;
  const level = logLevelOf(given.value);
  if (level) return { lines: [`log: { level: ${level} }`], notes: [] };
  return { lines: [], notes: [noteOf('LogLevel', given, 'left out: expected DEBUG, INFO, WARN or ERROR')] };
}

const known = new Set([
  'AllowedNodeNames',
  'ControllerPort',
  'ManagerPort',
  'HeartbeatInterval',
  'NodeHeartbeatThreshold',
  'LogLevel',
]);

const ofController: Readonly<Record<string, string>> = {
  ...withoutEquivalent,
  LogIsQuiet: 'log: { level: error } is the least',
  UseTCP: 'agents always connect over TLS; to listen on loopback alone: listen: ["127.0.0.1:2020"]',
  UseUDS: 'an agent on this host connects over TLS like all others',
};
