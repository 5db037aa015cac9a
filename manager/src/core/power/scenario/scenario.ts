/** Plays a recorded discharge through the decision, and touches nothing: `hecatectl power test --scenario FILE`. */
import { explainUps } from '../ups/power-sentence.ts';
import { nextUpsTickMs, upsStep } from '../ups/ups.ts';
import { type UpsConfig, upsConfig } from '../ups/ups-config.ts';
import type { RejectedValue, UpsSample } from '../ups/ups-sample.ts';
import { initialUps, resumedUps, type UpsEffect, type UpsInput, type UpsState } from '../ups/ups-state.ts';
import { parseScenario, type ScenarioEvent, type ScenarioLine, type UpsTraits } from './scenario-text.ts';

export interface ScenarioConfig extends Partial<UpsConfig> {
  readonly budgetMs: number;
  /** Between two looks when they come fast. */
  readonly fastPollIntervalMs?: number;
}

const bootId = 'scenario';
const fastPollIntervalDefaultMs = 1000;
/** The decision's clock does not begin at 0: a host is up for a while. */
const bootedMs = 1_000_000;

/**
 * What the decision would have done, one line for each thing, the times being those of the scenario. A run that is
 * asked for is taken to begin at once.
 * @param traits what the UPS says besides, where one is watched
 * @throws HEC_USAGE for a text that is no scenario.
 */
export function playScenario(text: string, config: ScenarioConfig, traits: UpsTraits = {}): string[] {
  return new ScenarioPlayer(parseScenario(text, traits), config).play();
}

class ScenarioPlayer {
  private readonly events: readonly ScenarioLine[];
  private readonly config: UpsConfig;
  private readonly fastMs: number;
  private readonly lines: string[] = [];
  private state: UpsState;
  private kept: UpsState | undefined;
  private nowMs = 0;
  private lastTriggerId = '';
  /** What was said not to be believed: once for each value. */
  private readonly disbelieved = new Set<string>();

  constructor(
    events: readonly ScenarioLine[],
    { budgetMs, fastPollIntervalMs, ...declared }: ScenarioConfig,
  ) {
    this.events = events;
    this.config = upsConfig(declared.ups ?? 'ups', declared);
    this.fastMs = fastPollIntervalMs ?? fastPollIntervalDefaultMs;
    this.state = initialUps(this.config.ups, bootId, budgetMs);
  }

  play(): string[] {
    const waiting = [...this.events];
    const endMs = this.events.at(-1)?.atMs ?? 0;
    let current: ScenarioEvent | undefined;
    let pollAtMs = waiting[0]?.atMs ?? 0;
    for (;;) {
      const tickAtMs = this.nextTickMs();
      const nextMs = Math.min(waiting[0]?.atMs ?? Number.POSITIVE_INFINITY, pollAtMs, tickAtMs);
      if (nextMs > endMs) break;
      this.nowMs = nextMs;
      for (let next = waiting[0]; next !== undefined && next.atMs <= nextMs; next = waiting[0]) {
        waiting.shift();
        if (next.event.type === 'reading' || next.event.type === 'failure') current = next.event;
        else this.happen(next.event);
      }
      if (pollAtMs <= nextMs && current) {
        this.look(current);
        pollAtMs = nextMs + (this.state.isFast ? this.fastMs : this.config.pollIntervalMs);
      } else if (tickAtMs <= nextMs) this.take({ type: 'tick' });
    }
    this.say(`at the end: ${explainUps(this.state, this.config, bootedMs + this.nowMs)}`);
    return this.lines;
  }

  private nextTickMs(): number {
    const atMs = nextUpsTickMs(this.state, bootedMs + this.nowMs);
    return atMs === undefined ? Number.POSITIVE_INFINITY : atMs - bootedMs;
  }

  private look(event: ScenarioEvent): void {
    const sample: UpsSample = {
      ups: this.config.ups,
      atMs: bootedMs + this.nowMs,
      reading: event.type === 'reading' ? event.reading : undefined,
      failure: event.type === 'failure' ? event.failure : undefined,
      rejected: event.type === 'reading' ? event.rejected : [],
    };
    for (const each of sample.rejected) this.disbelieve(each);
    this.take({ type: 'sample', sample });
  }

  private disbelieve({ variable, value, reason }: RejectedValue): void {
    const what = `${variable} ${JSON.stringify(value)} is not believed: ${reason.replaceAll('-', ' ')}`;
    if (!this.disbelieved.has(what)) this.say(what);
    this.disbelieved.add(what);
  }

  private happen(event: ScenarioEvent): void {
    if (event.type === 'run') this.take({ type: 'run', triggerId: this.lastTriggerId, event: event.event });
    if (event.type === 'budget' || event.type === 'recovered') this.take(event);
    if (event.type !== 'restart') return;
    this.state = resumedUps(this.kept, this.config.ups, bootId, this.state.budgetMs);
    this.say('the manager starts anew');
    this.take({ type: 'resume' });
  }

  private take(input: UpsInput): void {
    const { phase } = this.state;
    const at = { nowMs: bootedMs + this.nowMs, bootId };
    const { state, effects } = upsStep(this.state, this.config, input, at);
    this.state = state;
    if (state.phase !== phase) this.say(`${phase} → ${state.phase}`);
    for (const effect of effects) this.tell(effect);
    const asked = effects.find((effect) => effect.type === 'trigger');
    if (asked && !state.trigger?.isStarted)
      this.take({ type: 'run', triggerId: asked.triggerId, event: 'started' });
  }

  private tell(effect: UpsEffect): void {
    switch (effect.type) {
      case 'persist':
        this.kept = effect.state;
        return;
      case 'trigger': {
        this.lastTriggerId = effect.triggerId;
        const limit = `time limit ${Math.round(effect.timeLimitMs / 1000)} s`;
        this.say(`trigger ${effect.triggerId}, ${limit}: ${effect.sentence}`);
        return;
      }
      case 'reverse':
        this.say(`reverse ${effect.triggerId}: ${effect.sentence}`);
        return;
      case 'alert':
        this.say(`${effect.isRaised ? effect.level : 'over'}: ${effect.sentence}`);
        return;
      case 'inhibit':
        this.say(effect.sentence === '' ? 'decisions are made again' : `no decision: ${effect.sentence}`);
        return;
      case 'poll-fast':
        this.say(effect.isFast ? 'looks come fast' : 'looks come as usual');
        return;
    }
  }

  private say(what: string): void {
    const seconds = this.nowMs / 1000;
    const clock = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
    this.lines.push(`${clock.padStart(7)}  ${what}`);
  }
}
