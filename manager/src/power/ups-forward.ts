/** What becomes of the triggers of one UPS where another site carries them out, and this host's own shutdown as the last way out. */
import { ownSupply } from '../core/power/forward/forward-supply.ts';
import type { UpsConfig } from '../core/power/ups/ups-config.ts';
import type { ForwardSender } from './forward-sender.ts';
import type { ForwardService } from './forward-service.ts';
import type { TriggeredRun } from './triggered-run.ts';
import type { UpsRunner } from './ups-runner.ts';

export interface ForwardedUps {
  readonly runner: Pick<UpsRunner, 'ups' | 'state' | 'run' | 'input' | 'alert' | 'restored'>;
  /** Of this site's own shutdown. */
  readonly triggered: Pick<TriggeredRun, 'resume' | 'ask' | 'reverse'>;
  config(): UpsConfig;
  /** How long a shutdown of this site itself takes. */
  ownBudgetMs(): number;
  bootTimeMs(): number;
  /** The decision has let go of its trigger. */
  onLetGo(): void;
}

/** @throws when nothing is forwarded here */
export function forwardOf(forwards: ForwardService, ups: ForwardedUps): ForwardSender {
  const { runner, triggered } = ups;
  return forwards.sender(runner.ups, {
    hear: (triggerId, event) => {
      runner.input({ type: 'run', triggerId, event });
      if (runner.state.trigger === undefined) ups.onLetGo();
    },
    onRecovered: () => runner.input({ type: 'recovered' }),
    onLetGo: () => void runner.restored(),
    supply: (deadlineAtMs) =>
      ownSupply(runner.state, ups.config(), ups.ownBudgetMs(), deadlineAtMs, ups.bootTimeMs()),
    local: {
      resume: (triggerId) => {
        const { run } = runner;
        triggered.resume(triggerId, run?.triggerId === triggerId ? run.runId : undefined);
      },
      ask: (trigger) => triggered.ask(trigger),
      reverse: (reversal) => triggered.reverse(reversal),
    },
    alert: (key, alert) => runner.alert(key, alert),
  });
}
