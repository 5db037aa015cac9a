/** What was applied on a node, by its agent's own journal; also of a node that is off. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scanRecordLines } from '@hecate/proto/io/record-line.ts';
import type { BootedNode } from '../../nodes/booted-node.ts';

interface AgentRecord {
  readonly type: string;
  readonly opId?: string;
  readonly verb?: string;
  readonly unit?: string;
  readonly wasApplied?: boolean;
}

/** `VERB UNIT` of every operation that was begun there, oldest first: each begins before systemd hears of it (I2). */
export function applied(node: BootedNode): string[] {
  const path = join(node.stateFolder, 'disk/var/lib/hecate-agent/operations.jsonl');
  const records = scanRecordLines(readFileSync(path)).values as AgentRecord[];
  return records
    .filter(({ type }) => type === 'begun')
    .map(({ verb = '', unit = '' }) => `${verb} ${unit}`.trim());
}
