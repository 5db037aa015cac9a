import type { Connection } from '@hecate/proto/generated/wire.ts';
import type { Tone } from '../core/table.ts';

export function activeTone(activeState: string): Tone {
  switch (activeState) {
    case 'active':
      return 'good';
    case 'failed':
      return 'bad';
    case 'inactive':
      return 'faint';
    default:
      return 'doubtful';
  }
}

export const connectionTone = (connection: Connection): Tone =>
  connection === 'online' ? 'good' : connection === 'offline' ? 'bad' : 'doubtful';

/** "never seen" rather than the wire's never-seen. */
export const connectionText = (connection: Connection): string => connection.replace('-', ' ');
