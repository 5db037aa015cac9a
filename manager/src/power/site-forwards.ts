/** Forwards as they hang together with the rest of a site's power: its UPSes, its shutdown, its alerts. */
import { asHecateError } from '@hecate/proto/core/errors.ts';
import { upsHindrance } from '../core/power/forward/forward-startup.ts';
import type { ForwardReceiver } from './forward-receiver.ts';
import { ForwardService, type ForwardServicePorts } from './forward-service.ts';
import type { PowerAlerts } from './power-alerts.ts';
import type { SiteShutdown } from './site-shutdown.ts';
import type { UpsRunner } from './ups-runner.ts';

export interface SiteForwardsPorts
  extends Omit<ForwardServicePorts, 'hindrance' | 'makeRequest' | 'restore' | 'alert'> {
  readonly alerts: Pick<PowerAlerts, 'tell'>;
  readonly shutdown: SiteShutdown;
  upses(): readonly { readonly runner: Pick<UpsRunner, 'state'> }[];
  /** Who else wants this site down, as a sentence: a UPS, another site, a person; undefined: nobody does. */
  whyDown(): string | undefined;
}

export function siteForwards(ports: SiteForwardsPorts): ForwardService {
  const raised = new Map<string, string>();
  return new ForwardService({
    ...ports,
    hindrance: () => hindranceOf(ports),
    makeRequest: ({ sentence, triggerId, timeLimitMs }) =>
      ports.shutdown.whole(sentence, triggerId, timeLimitMs),
    restore: (receiver) => void restore(receiver, ports),
    alert: (peer, key, sentence) => {
      const known = raised.get(`${peer} ${key}`);
      if (sentence === known) return;
      if (sentence === undefined) raised.delete(`${peer} ${key}`);
      else raised.set(`${peer} ${key}`, sentence);
      const told = sentence ?? `over: ${known}`;
      ports.alerts.tell(peer, key, { level: 'critical', sentence: told }, sentence !== undefined);
    },
  });
}

/** What keeps the power of this site from being called good, for other sites; empty: nothing. */
function hindranceOf({ upses, runs, config, clock }: SiteForwardsPorts): string {
  const { silenceLimitMs, peerWaitMs } = config().power;
  const silentMostMs = silenceLimitMs + peerWaitMs;
  for (const { runner } of upses()) {
    const hindrance = upsHindrance({ state: runner.state, silentMostMs, nowMs: clock.bootTimeMs() });
    if (hindrance !== '') return hindrance;
  }
  const run = runs.active().find(({ request }) => request.plan.kind === 'shutdown');
  return run ? `run ${run.request.runId} (${run.request.plan.name}) is going on` : '';
}

/** What a shutdown that another site has taken back had taken down comes up again, unless somebody else wants it down. */
async function restore(receiver: ForwardReceiver, ports: SiteForwardsPorts): Promise<void> {
  const { state, runId } = receiver;
  const { peer, forward } = state;
  const whyDown = ports.whyDown();
  try {
    if (whyDown) {
      ports.logger.warn({ peer }, `nothing is started again: ${whyDown}`);
      return;
    }
    const reason = `${peer} takes its shutdown back: ${forward?.withdrawal ?? ''}`;
    await ports.runs.request(ports.shutdown.restoring(reason, `taken-back:${runId}`), false);
  } catch (thrown) {
    const { message, remedy } = asHecateError(thrown);
    const sentence = `${peer}: its shutdown was taken back, and what it had stopped does not start: ${message}; ${remedy}`;
    ports.alerts.tell(peer, 'not-restored', { level: 'critical', sentence }, true);
  } finally {
    receiver.restored();
  }
}
