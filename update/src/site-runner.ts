/** Carries the update of a site out: what `core/site-update.ts` decides, through operations of the manager. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { type SiteNode, type SiteUpdateInput, siteIdle, stepSiteUpdate } from './core/site-update.ts';
import { hindranceOfManager, startUnitOnNode, unitOnNode } from './io/manager-questions.ts';

export const updateUnit = 'hecate-update.service';

/** Fetching, installing, coming up, and as much again for the way back. */
const nodeTimeLimitMs = 30 * 60_000;
/** systemd ends the unit before that; this is for a node that does not come back. */
const awayTimeLimitMs = 10 * 60_000;
const lookIntervalMs = 2000;

/** @returns `own-host`: all others are done, and this host is next */
export async function updateSite(
  nodes: readonly SiteNode[],
  tell: (sentence: string) => void,
): Promise<'own-host' | 'postponed' | 'failed'> {
  let state = siteIdle;
  let input: SiteUpdateInput = { type: 'begin', nodes };
  for (;;) {
    const step = stepSiteUpdate(state, input);
    state = step.state;
    for (const effect of step.effects) {
      switch (effect.type) {
        case 'tell':
          tell(effect.sentence);
          break;
        case 'ask':
          input = { type: 'asked', hindrance: await hindranceOfManager() };
          break;
        case 'update': {
          const { node } = effect;
          tell(`${node}: ${updateUnit} is started`);
          const why = await updateNode(node).catch((thrown: unknown) => asHecateError(thrown).message);
          input = why === '' ? { type: 'updated', node } : { type: 'failed', node, why };
          break;
        }
        case 'update-own-host':
          return 'own-host';
        case 'end':
          tell(effect.sentence);
          return effect.outcome;
      }
    }
  }
}

/**
 * The agent is started again in the middle of it, and the operation's outcome may be unknown for that: what counts is
 * the unit, asked for once the node is back. @returns why it has failed; empty: it is done
 */
async function updateNode(node: string): Promise<string> {
  const refusal = await startUnitOnNode(node, updateUnit, nodeTimeLimitMs);
  if (refusal !== '') return refusal;
  let deadlineMs = performance.now() + awayTimeLimitMs;
  let away = '';
  while (performance.now() < deadlineMs) {
    try {
      const { activeState, result } = await unitOnNode(node, updateUnit);
      if (activeState === 'inactive' && result === 'success') return '';
      if (activeState !== 'activating' && activeState !== 'deactivating')
        return `${updateUnit} has failed (${result}): hecatectl logs ${node} ${updateUnit}`;
      deadlineMs = performance.now() + awayTimeLimitMs;
    } catch (thrown) {
      away = asHecateError(thrown).message;
    }
    await sleep(lookIntervalMs);
  }
  return `it did not come back: ${away}`;
}
