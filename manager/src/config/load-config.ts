/** Reads /etc/hecate/hecate.yaml. Every error of the file is found at once, each with its place and remedy. */
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { HecateError } from '@hecate/proto/core/errors.ts';
import { errnoOf } from '@hecate/proto/io/file-errors.ts';
import { type ConfigFile, configSchema } from './config-schema.ts';
import { type Finding, formatFinding } from './finding.ts';
import type { ManagerConfig, Notification } from './manager-config.ts';
import { readInventory } from './read-inventory.ts';
import { readPower } from './read-power.ts';
import { readSequences } from './read-sequences.ts';
import type { NotificationFile } from './runs-schema.ts';
import { schemaFindings } from './schema-findings.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

export const defaultConfigPath = '/etc/hecate/hecate.yaml';

/** A thousand node names of full length are 64 KB. */
const fileBytesMax = 1024 * 1024;
/** More findings than this are counted, not shown. */
const findingsShownMax = 50;

export type ConfigResult = { readonly config: ManagerConfig } | { readonly findings: readonly Finding[] };

/** With one of the two: the schema has seen to it. */
const notificationOf = ({ webhook, command, events }: NotificationFile): Notification =>
  webhook === undefined
    ? { type: 'command', argv: command ?? [], events }
    : { type: 'webhook', url: webhook, events };

function managerConfig(file: ConfigFile, source: YamlSource, hostName: string): ManagerConfig {
  return {
    site: file.site,
    listen: file.listen,
    names: file.names ?? [hostName],
    nodes: file.nodes,
    sockets: file.sockets.map(({ path, role, mode, group }) => ({ path, role, mode, group })),
    plainLoopbackListen: file.plain_loopback_listen,
    heartbeatIntervalMs: file.heartbeat_interval,
    operations: { timeLimitMs: file.operations.time_limit, logLines: file.operations.log_lines },
    metrics: file.metrics.enabled ? { listen: file.metrics.listen } : undefined,
    log: { level: file.log.level },
    audit: { file: file.audit.file },
    stateDirectory: file.state_directory,
    trust: {
      certificateLifetimeMs: file.trust.certificate_lifetime,
      authorityLifetimeMs: file.trust.authority_lifetime,
      tokenLifetimeMs: file.trust.token_lifetime,
    },
    inventory: readInventory(file, source),
    sequences: readSequences(file, source),
    runs: {
      intentAgeMaxMs: file.runs.intent_age_max,
      notifications: file.runs.notifications.map(notificationOf),
    },
    power: readPower(file),
  };
}

/** @param hostName what `names` is when the file does not say */
export function parseConfig(text: string, hostName: string): ConfigResult {
  const source = readYaml(text);
  const parsed = source.understood ? configSchema.safeParse(source.value) : undefined;
  const findings = [...source.findings, ...schemaFindings(parsed?.error?.issues ?? [], source)];
  findings.sort((a, b) => a.line - b.line || a.column - b.column);
  if (findings.length > 0 || !parsed?.success) return { findings };
  return { config: managerConfig(parsed.data, source, hostName) };
}

/** HEC_CONFIG with one line for each finding. */
export function configError(path: string, findings: readonly string[]): HecateError {
  const lines = findings.slice(0, findingsShownMax);
  if (findings.length > findingsShownMax) lines.push(`and ${findings.length - findingsShownMax} more`);
  return new HecateError(
    'HEC_CONFIG',
    lines.join('\n'),
    `correct ${path}; every key is explained in docs/config.md`,
  );
}

const unreadable: Record<string, string> = {
  ENOENT: 'create it (an empty file takes every default), or name another one with --config',
  EACCES: 'let the user of this service read it (ls -l)',
  EISDIR: 'name a file, not a directory',
};

async function readLimited(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(fileBytesMax + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readLimited(path);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const remedy = unreadable[errnoOf(thrown)] ?? 'look at the file (ls -l)';
    throw new HecateError('HEC_CONFIG', `${path}: cannot be read: ${reason}`, remedy, thrown);
  }
  if (bytes.length > fileBytesMax) {
    const message = `${path}: found more than ${fileBytesMax} bytes, expected at most that`;
    throw new HecateError('HEC_CONFIG', message, 'is this the right file?');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (thrown) {
    const message = `${path}: found bytes that are not UTF-8, expected text in UTF-8`;
    throw new HecateError('HEC_CONFIG', message, `look for it: iconv -f utf-8 -o /dev/null ${path}`, thrown);
  }
}

/** @throws HEC_CONFIG with a line for everything that is wrong: file, line, column, key, found, expected, remedy */
export async function loadConfig(path: string = defaultConfigPath): Promise<ManagerConfig> {
  const result = parseConfig(await readText(path), hostname().toLowerCase());
  if ('config' in result) return result.config;
  throw configError(
    path,
    result.findings.map((finding) => formatFinding(path, finding)),
  );
}
