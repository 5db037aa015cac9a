/** What a plan is known by: the same digest is the same plan, byte for byte (I13). */
import { createHash } from 'node:crypto';
import { planBytes } from '../core/plan/canonical-json.ts';
import type { Plan } from '../core/plan/plan.ts';

/** `sha256:` and 64 hexadecimal digits. */
export const planDigest = (plan: Plan): string =>
  `sha256:${createHash('sha256').update(planBytes(plan), 'utf8').digest('hex')}`;
