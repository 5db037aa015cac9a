/**
 * The configuration file, key by key: the one source of its types, defaults, checks, JSON schema
 * (config.schema.json) and reference page (docs/config.md).
 */
import { limits, managerPort, metricsPort } from '@hecate/proto/core/limits.ts';
import { formatManagerAddress } from '@hecate/proto/core/manager-address.ts';
import { parse } from 'yaml';
import { z } from 'zod';
import { tokenLifetimeMaxMs } from '../core/trust/lifetimes.ts';
import {
  addressLeaf,
  durationLeaf,
  hostLeaf,
  listOf,
  loopbackAddressLeaf,
  modeLeaf,
  nodeNameLeaf,
  pathLeaf,
  socketPathLeaf,
  switchLeaf,
  textLeaf,
  wholeNumberLeaf,
  wordLeaf,
} from './config-leaves.ts';
import { checkFeeds, hooks, inventory } from './inventory-schema.ts';
import type { KeySchema } from './key-schema.ts';
import { logLevels, socketRoles } from './manager-config.ts';
import { power } from './power-schema.ts';
import { runs } from './runs-schema.ts';
import { sequences } from './sequence-schema.ts';

const secondMs = 1000;
const dayMs = 86_400_000;

const group = { error: 'expected a map of keys' };

const socket = z
  .strictObject(
    {
      path: socketPathLeaf({
        description: 'Where the socket is. At most 107 bytes: the kernel allows no more.',
        example: '/run/hecate/manager.sock',
      }),
      role: wordLeaf(
        {
          description:
            'What those who may open it are allowed: viewer (look), operator (also change units), admin (also enrol, revoke, exec and power off).',
          example: 'operator',
        },
        socketRoles,
      ),
      mode: modeLeaf({
        description: 'File permissions, quoted. Only a viewer socket may be open to everybody.',
        example: '"0660"',
      }).prefault('0600'),
      group: textLeaf(
        'the name of a group',
        { description: 'Group that owns the socket. Default: the group of the manager.', example: 'hecate' },
        (text) => text,
        /^[a-z_][a-z0-9_.-]{0,31}$/i,
      ).optional(),
    },
    group,
  )
  .superRefine(({ role, mode }, context) => {
    if (role === 'viewer' || (mode & 0o007) === 0) return;
    const message = `expected permissions that end in 0, such as "0660": everybody on this host would be ${role}`;
    context.addIssue({ code: 'custom', path: ['mode'], message });
  });

const trust = z
  .strictObject(
    {
      certificate_lifetime: durationLeaf(
        {
          description:
            'Lifetime of the certificates of nodes, operators and the manager; renewed after two thirds.',
          example: '90d',
        },
        secondMs,
        3650 * dayMs,
      ).prefault('90d'),
      authority_lifetime: durationLeaf(
        {
          description: 'Lifetime of the certificate authority, when `hecatectl ca init` makes it.',
          example: '3650d',
        },
        secondMs,
        36_500 * dayMs,
      ).prefault('3650d'),
      token_lifetime: durationLeaf(
        {
          description: 'How long a join token is good for: at most 7 days, whoever finds it is let in.',
          example: '1h',
        },
        secondMs,
        tokenLifetimeMaxMs,
      ).prefault('1h'),
    },
    group,
  )
  .superRefine(({ certificate_lifetime, authority_lifetime }, context) => {
    if (certificate_lifetime <= authority_lifetime) return;
    const message = 'expected a lifetime within that of the authority (trust.authority_lifetime)';
    context.addIssue({ code: 'custom', path: ['certificate_lifetime'], message });
  })
  .meta({
    description: 'Certificates and join tokens.',
    example: '{ certificate_lifetime: 90d, token_lifetime: 1h }',
  });

export const configSchema = z
  .strictObject(
    {
      site: textLeaf(
        'a name of 1 to 63 letters, digits, "-", "_" and "."',
        { description: 'Name of the fleet; it is in the certificate of the authority.', example: 'home' },
        (text) => text,
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
      ).prefault('home'),
      listen: listOf(
        addressLeaf({ description: 'An IP address and a port.' }),
        {
          description: 'Where agents and remote operators connect (TLS 1.3). Port 0: any free port.',
          example: `["0.0.0.0:${managerPort}"]`,
        },
        { min: 1, max: 16, of: 'addresses', keyOf: formatManagerAddress },
      ).prefault([`0.0.0.0:${managerPort}`]),
      names: listOf(
        hostLeaf({ description: 'A DNS name or an IP address.' }),
        {
          description:
            'DNS names and IP addresses of the manager: what its certificate is valid for, and what join tokens tell agents to dial, in this order. Default: the name of this host.',
          example: '[manager.lan, 192.0.2.10]',
        },
        { min: 1, max: 32, of: 'names', keyOf: (name) => name },
      ).optional(),
      nodes: listOf(
        nodeNameLeaf({ description: 'The name of a node.' }),
        {
          description: 'Only these nodes may enrol and connect. Default: every node that an admin enrols.',
          example: '[node-a, node-b]',
        },
        { min: 0, max: limits.listLengthMax, of: 'node names', keyOf: (name) => name },
      ).optional(),
      sockets: listOf(
        socket,
        {
          description: 'Unix sockets for operators on this host; file permissions say who may use them.',
          example: '[{ path: /run/hecate/manager.sock, role: admin, mode: "0600" }]',
        },
        { min: 0, max: 16, of: 'sockets', keyOf: ({ path }) => path },
      ).prefault([{ path: '/run/hecate/manager.sock', role: 'admin', mode: '0600' }]),
      plain_loopback_listen: loopbackAddressLeaf({
        description:
          'Agents without certificates, on the loopback only, for trying out: everybody on this host can pretend to be any node. Default: off.',
        example: '127.0.0.1:2021',
      }).optional(),
      heartbeat_interval: durationLeaf(
        {
          description: 'How often both sides say that they are there; silence of two intervals is offline.',
          example: '5s',
        },
        limits.heartbeatIntervalMsMin,
        limits.heartbeatIntervalMsMax,
      ).prefault('5s'),
      operations: z
        .strictObject(
          {
            time_limit: durationLeaf(
              { description: 'Time limit of an operation whose caller names none.', example: '90s' },
              limits.heartbeatIntervalMsMin,
              limits.timeLimitMsMax,
            ).prefault('90s'),
            log_lines: wholeNumberLeaf(
              { description: "How many of a failed unit's last log lines are shown.", example: '10' },
              0,
              100,
            ).default(10),
          },
          group,
        )
        .meta({ description: 'Operations on units.', example: '{ time_limit: 90s, log_lines: 10 }' })
        .prefault({}),
      metrics: z
        .strictObject(
          {
            enabled: switchLeaf({
              description: 'Whether Prometheus can read metrics.',
              example: 'true',
            }).default(true),
            listen: addressLeaf({
              description: 'Where `/metrics` and `/healthz` are served, without authentication.',
              example: `"0.0.0.0:${metricsPort}"`,
            }).prefault(`0.0.0.0:${metricsPort}`),
          },
          group,
        )
        .meta({ description: 'Metrics for Prometheus.', example: '{ enabled: false }' })
        .prefault({}),
      log: z
        .strictObject(
          {
            level: wordLeaf({ description: 'What is logged at least.', example: 'info' }, logLevels).default(
              'info',
            ),
          },
          group,
        )
        .meta({ description: 'The log on stderr, JSON lines.', example: '{ level: info }' })
        .prefault({}),
      audit: z
        .strictObject(
          {
            file: pathLeaf({
              description:
                'The audit log, JSON lines: who did what to which node, and how it ended. `claimed` marks a `who` that nothing proves: over a local socket, or of one who was refused. Of `exec` it has the command, the number of arguments, and the SHA-256 of all, each ended by NUL.',
              example: '/var/log/hecate/audit.jsonl',
            }).prefault('/var/log/hecate/audit.jsonl'),
          },
          group,
        )
        .meta({ description: 'The audit log.', example: '{ file: /var/log/hecate/audit.jsonl }' })
        .prefault({}),
      state_directory: pathLeaf({
        description: 'Keys, certificates, journals. One manager holds it at a time.',
        example: '/var/lib/hecate',
      }).prefault('/var/lib/hecate'),
      trust: trust.prefault({}),
      inventory,
      hooks,
      sequences,
      runs,
      power,
    },
    group,
  )
  .superRefine(({ inventory, power }, context) => checkFeeds(inventory, power.upses, context))
  .superRefine(({ nodes, inventory }, context) => {
    if (nodes === undefined) return;
    inventory.forEach(({ name }, index) => {
      if (nodes.includes(name)) return;
      const message = 'expected one of nodes: the list of those that may connect';
      const params = { remedy: `add ${name} to nodes` };
      context.addIssue({ code: 'custom', path: ['inventory', index, 'name'], message, params });
    });
  })
  .meta({ title: 'hecate.yaml', description: 'Configuration of hecate-manager.' });

/** The file as it was understood: keys as the operator writes them, values read. */
export type ConfigFile = z.output<typeof configSchema>;

/** The description of every key, from the schema. */
export const describeKeys = (): KeySchema => z.toJSONSchema(configSchema, { io: 'input' }) as KeySchema;

/** The standard JSON schema of the file, for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (typeof jsonSchema.example === 'string') jsonSchema.examples = [parse(jsonSchema.example)];
      delete jsonSchema.example;
    },
  });
}
