/** The shutdown that UPSes ask for when they give out: another one than an operator's, where less than all goes down. */
import { HecateError } from '@hecate/proto/core/errors.ts';
import type { Finding } from '../core/plan/finding.ts';
import { formatList } from '../core/plan/plan-words.ts';
import type { SitePlan } from '../runs/site-plans.ts';
import type { SiteShutdown } from './site-shutdown.ts';

type Named = { readonly name: string };
type Shutdown = Pick<SiteShutdown, 'planFor' | 'scope'>;

/**
 * @param wanted UPSes that give out
 * @param declared all of the site
 * @throws HEC_USAGE, HEC_NO_SUCH_UPS, HEC_NO_SUCH_PLAN
 */
export function upsPlan(
  shutdown: Shutdown,
  name: string,
  wanted: readonly string[],
  declared: readonly Named[],
): SitePlan {
  const known = declared.map((ups) => ups.name);
  if (name !== 'shutdown')
    throw new HecateError('HEC_USAGE', `UPSes ask for no ${name}`, 'hecatectl plan shutdown --ups NAME');
  const unknown = wanted.find((ups) => !known.includes(ups));
  if (unknown !== undefined)
    throw new HecateError(
      'HEC_NO_SUCH_UPS',
      `no UPS ${JSON.stringify(unknown.slice(0, 64))} is declared: there ${known.length === 0 ? 'is none' : `are ${formatList([...known])}`}`,
      'hecatectl power status shows them; they are declared in hecate.yaml (power.upses)',
    );
  const triggered = new Set(wanted);
  const compiled = shutdown.planFor(triggered);
  if (compiled) return compiled;
  throw new HecateError('HEC_NO_SUCH_PLAN', shutdown.scope(triggered).sentence, 'nothing is shut down then');
}

/** What the operator's plan does not have: of each UPS that gives out alone, and of all together. */
export function upsPlanFindings(
  shutdown: Shutdown,
  compiled: SitePlan,
  declared: readonly Named[],
): Finding[] {
  const upses = declared.map(({ name }) => name);
  const groups = upses.length > 1 ? [...upses.map((ups) => [ups]), upses] : [upses];
  const known = new Set(compiled.findings.map(({ message }) => message));
  return groups
    .filter((group) => group.length > 0)
    .flatMap((group) => {
      const found = planOf(shutdown, group)?.findings ?? [];
      const fresh = found.filter(({ message }) => !known.has(message));
      for (const { message } of fresh) known.add(message);
      return fresh.map((finding) => ({
        ...finding,
        message: `when ${formatList([...group])} ${group.length > 1 ? 'give' : 'gives'} out: ${finding.message}`,
      }));
    });
}

function planOf(shutdown: Shutdown, upses: readonly string[]): SitePlan | undefined {
  try {
    return shutdown.planFor(new Set(upses));
  } catch {
    // No shutdown is declared, nor any node: who asks for it is told.
    return undefined;
  }
}
