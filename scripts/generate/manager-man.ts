/** The manual page of hecate-manager: its keys out of the schema that checks the file. */
import { stringify } from 'yaml';
import { describeKeys } from '../../manager/src/config/config-schema.ts';
import { definitionName, insideOf, type KeySchema } from '../../manager/src/config/key-schema.ts';
import { type ConfigKey, reloadBehaviour } from '../../manager/src/config/plan-reload.ts';
import { exitCodes } from '../../proto/src/core/exit-codes.ts';
import { softwareVersion } from '../../proto/src/core/version.ts';
import { roff } from './man.ts';

const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
const term = (title: string, text: string): string[] => ['.TP', title, roff(text)];

const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();

function keyTerms(schema: KeySchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix + name;
    const inner = insideOf(child, key);
    return [...term(bold(key), textOf(key, child)), ...keyTerms(inner.schema, `${inner.key}.`)];
  });
}

function textOf(key: string, schema: KeySchema): string {
  const sentences = [schema.description ?? ''];
  const item = insideOf(schema, key).schema;
  const definition = definitionName(schema) ?? definitionName(item);
  if (definition !== undefined) sentences.push(`docs/config.md has the keys of a ${definition}.`);
  if (schema.enum) sentences.push(`One of ${schema.enum.join(', ')}.`);
  if (schema.default !== undefined && !schema.properties)
    sentences.push(`Default: ${inline(schema.default)}`);
  if (Object.hasOwn(reloadBehaviour, key) && !reloadBehaviour[key as ConfigKey].live)
    sentences.push('(A change takes a restart.)');
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

export function managerPage(): string {
  const lines = [
    '.\\" Generated from the configuration schema: npm run generate.',
    `.TH HECATE\\-MANAGER 8 "" "hecate ${softwareVersion}" "Hecate"`,
    '.SH "NAME"',
    'hecate\\-manager, hecate.yaml \\- keep sessions to the agents of a site and give every operation one outcome',
    '.SH "SYNOPSIS"',
    '\\fBhecate\\-manager\\fR [\\fB\\-\\-config\\fR \\fIFILE\\fR] [\\fB\\-\\-check\\fR]',
    '.SH "DESCRIPTION"',
    roff(
      'The manager of a site: agents connect to it, one from each host, and operators through its Unix sockets or with a certificate. It records every operation before it is sent, sends it at most once, and answers with its one outcome; it keeps the last known state of every unit. It is also the authority that gives hosts and operators their certificates.',
    ),
    '.SH "OPTIONS"',
    ...term('\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fIFILE\\fR', '/etc/hecate/hecate.yaml when not given.'),
    ...term(
      bold('--check'),
      'read the configuration, say what is wrong with it and with its plans, and end.',
    ),
    ...term(bold('--version'), 'print the version.'),
    ...term('\\fB\\-h\\fR, \\fB\\-\\-help\\fR', 'print the options.'),
    '.SH "SIGNALS"',
    ...term(
      bold('SIGHUP'),
      'reads the configuration again (systemctl reload hecate-manager) and opens the audit log anew. What cannot change while it runs is named in the log; a file with errors changes nothing.',
    ),
    ...term(
      '\\fBSIGTERM\\fR, \\fBSIGINT\\fR',
      'end in order. Operations that run go on; the next start learns of their outcomes.',
    ),
    '.SH "ROLES"',
    roff(
      'A viewer looks. An operator also operates units. An admin also runs commands, powers off, enrols and revokes; an admin is needed, too, for what ends a host under another name (start of poweroff.target and its like) and for job modes that reach further than their unit, such as isolate. The policy of the host has the last word: see hecate-agent(8).',
    ),
    '.SH "CONFIGURATION"',
    roff(
      '/etc/hecate/hecate.yaml. Every key has a default: an empty file is a valid one. Unknown keys are errors. Durations are one whole number and one unit: 500ms, 5s, 15m, 1h, 90d.',
    ),
    ...keyTerms(describeKeys(), ''),
    '.SH "FILES"',
    ...term('\\fI/etc/hecate/hecate.yaml\\fR', 'the configuration.'),
    ...term('\\fI/run/hecate/manager.sock\\fR', 'the socket of operators on this host.'),
    ...term('\\fI/var/lib/hecate\\fR', 'the journal of operations and the authority; one manager holds it.'),
    ...term(
      '\\fI/var/log/hecate/audit.jsonl\\fR',
      'the audit log: who asked for what, from where, and what came of it.',
    ),
    '.SH "EXIT STATUS"',
    ...term(bold(String(exitCodes.success.code)), 'it ended in order, or the configuration is valid.'),
    ...term(
      bold(String(exitCodes.failed.code)),
      'it failed: the state directory cannot be used, or another manager holds it, for example.',
    ),
    ...term(bold(String(exitCodes.usage.code)), `${exitCodes.usage.meaning}.`),
    ...term(bold('75'), 'an address or socket cannot be listened on.'),
    ...term(bold(String(exitCodes.internal.code)), `${exitCodes.internal.meaning}.`),
    '.SH "SEE ALSO"',
    '.BR hecate\\-agent (8),',
    '.BR hecatectl (1)',
  ];
  return `${lines.join('\n')}\n`;
}
