/**
 * The story of `npm start -- --outage`: mains fails, the battery runs down, the site shuts down in order, mains is back,
 * and the site comes up. Nothing of it is staged but the UPS: what is decided, and done, the manager and its agents
 * decide and do; the indented lines are hecatectl's own, without those that only say that something begins.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { UpsReport } from '@hecate/proto/generated/wire.ts';
import { Operator } from '../../manager/test/support/manager-bench.ts';
import { upsOf } from '../../manager/test/support/power-bench.ts';
import { until } from '../../test/nodes/until.ts';
import type { ManagerProcess } from '../../test/site/manager-process.ts';
import { runCommand } from './run-command.ts';
import { toldLine } from './run-line.ts';
import type { ToldUps } from './told-ups.ts';

/** What the UPS is called on its server, and in the configuration. */
export const upsName = 'rack';

/** With mains; a small battery, so that nobody has to wait for long. */
export const onMains = {
  'ups.status': 'OL',
  'battery.charge': '100',
  'battery.runtime': '180',
  'ups.load': '35',
};
const fullRuntimeSeconds = 180;

/** The battery of the story runs down quicker than the clock until the decision is made, and as the clock after it. */
const discharge = { everyMs: 1500, bySeconds: 12 };

/** `power` of hecate.yaml. */
export const powerOf = ({ host, port }: { readonly host: string; readonly port: number }) => ({
  upses: [{ name: upsName, ups: `${upsName}@${host}:${port}` }],
  poll_interval: '1s',
  budget: '10s',
  // Nodes of the demonstration have no power to switch.
  mode: 'cluster-only',
  stable_mains: '10s',
});

/** How often the decision is told while nothing but its figures changes. */
const tellIntervalMs = 4000;
const lookIntervalMs = 250;

export interface OutageStage {
  readonly manager: ManagerProcess;
  readonly ups: ToldUps;
  /** Ends the story where it is. */
  readonly signal: AbortSignal;
}

/** @throws Error when the story does not go on as it should; AbortError */
export async function playOutage(stage: OutageStage): Promise<void> {
  const outage = new Outage(stage, await Operator.connect(stage.manager.socket));
  try {
    await outage.play();
  } finally {
    outage.close();
  }
}

type Found<Value> = NonNullable<Exclude<Value, false>>;

class Outage {
  readonly #stage: OutageStage;
  #operator: Operator;
  readonly #beganAtMs = performance.now();

  constructor(stage: OutageStage, operator: Operator) {
    this.#stage = stage;
    this.#operator = operator;
  }

  close(): void {
    this.#operator.session.end('HEC_SHUTTING_DOWN', 'the story is over');
  }

  async play(): Promise<void> {
    await this.#isQuiet();
    const trigger = await this.#mainsFails();
    await this.#siteGoesDown(trigger);
    await this.#mainsIsBack();
  }

  async #isQuiet(): Promise<void> {
    this.#say('The cluster is started: the server first, its workers when the server is up.');
    await this.#hecatectl('startup', '--execute');
    const { sentence } = await this.#untilPhase('online');
    this.#say(`Mains is there. What the manager makes of what the UPS tells (hecatectl power explain):`);
    this.#quote(sentence);
  }

  async #mainsFails(): Promise<NonNullable<UpsReport['trigger']>> {
    this.#say('MAINS FAILS. The UPS says OB (on battery), and how long its battery lasts.');
    this.#say('(It runs down quicker than the clock here, so that nobody has to wait for minutes.)');
    const battery = new AbortController();
    const draining = this.#drain(battery.signal);
    // It is waited for below; what it throws before that is nothing unforeseen.
    draining.catch(() => undefined);
    let told = '';
    let toldAtMs = Number.NEGATIVE_INFINITY;
    const look = async () => {
      const { sentence, phase, trigger } = await this.#look();
      if (trigger) return trigger;
      const isNews = phase !== told || performance.now() - toldAtMs > tellIntervalMs;
      if (phase === 'online' || !isNews) return undefined;
      [told, toldAtMs] = [phase, performance.now()];
      this.#quote(sentence);
      return undefined;
    };
    try {
      return await this.#until('the shutdown begins', look);
    } finally {
      battery.abort();
      await draining;
    }
  }

  /** Until it is told to stop; then what was told last is counted down by the manager itself. */
  async #drain(signal: AbortSignal): Promise<void> {
    for (let left = fullRuntimeSeconds; left > 0 && !signal.aborted; left -= discharge.bySeconds) {
      const charge = Math.round((100 * left) / fullRuntimeSeconds);
      await this.#stage.ups.set({
        'ups.status': 'OB DISCHRG',
        'battery.runtime': String(left),
        'battery.charge': String(charge),
      });
      await sleep(discharge.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #siteGoesDown({ sentence }: NonNullable<UpsReport['trigger']>): Promise<void> {
    this.#say('THE DECISION: what is left is what a shutdown takes, with its margins. It begins by itself:');
    this.#quote(sentence);
    const runId = await this.#until('the shutdown has its run', async () => {
      const { trigger } = await this.#look();
      return trigger?.runId || undefined;
    });
    await this.#hecatectl('runs', 'watch', runId);
    this.#say('The cluster is down, in order, with charge to spare; the nodes are on.');
    this.#say(
      '(They are no hosts of their own, and have no power to switch: power.mode is cluster-only here. Without',
    );
    this.#say(
      'that, the same shutdown goes on and powers the hosts off, the coordinator last: docs/power.md.)',
    );
    await this.#untilPhase('hosts-off');
  }

  async #mainsIsBack(): Promise<void> {
    this.#say('MAINS IS BACK, and the battery is being charged. At the boot of the coordinator it is');
    this.#say('hecatectl bootstrap that waits until power is good for another outage, and starts the site.');
    this.#say('(The battery tells more than before; that is believed when it has lasted for 30 s.)');
    await this.#stage.ups.set({ ...onMains, 'ups.status': 'OL CHRG', 'battery.charge': '60' });
    await this.#untilPhase('recover');
    await this.#hecatectl('bootstrap');
    await this.#untilPhase('online');
    this.#say('The site is up again.');
  }

  /** On a busy machine nothing may be heard of the manager for seconds: that session is over, and another one follows. */
  async #look(): Promise<UpsReport> {
    if (!this.#operator.session.isEstablished())
      this.#operator = await Operator.connect(this.#stage.manager.socket);
    return upsOf(this.#operator, upsName);
  }

  async #untilPhase(phase: string): Promise<UpsReport> {
    let last = '';
    const look = async (): Promise<UpsReport | false> => {
      const ups = await this.#look();
      last = `${ups.phase}: ${ups.sentence}`;
      return ups.phase === phase && ups;
    };
    return this.#until(`the UPS is ${phase}`, look).catch((error: unknown) => {
      throw this.#stage.signal.aborted ? error : new Error(`the UPS is not ${phase}, but ${last}`);
    });
  }

  /** @throws AbortError when the story is ended; Error after two minutes */
  async #until<Value>(what: string, condition: () => Promise<Value>) {
    const { signal } = this.#stage;
    const look = async () => {
      if (signal.aborted) return { isOver: true } as const;
      const value = await condition();
      return value === undefined || value === false
        ? undefined
        : { isOver: false, value: value as Found<Value> };
    };
    const end = await until(look, { what, timeoutMs: 120_000, intervalMs: lookIntervalMs });
    if (!end.isOver) return end.value;
    throw signal.reason;
  }

  async #hecatectl(...args: string[]): Promise<void> {
    const { manager, signal } = this.#stage;
    this.#say(`$ hecatectl ${args.join(' ')}`);
    const onLine = (line: string): void => {
      const told = toldLine(line);
      if (told !== undefined) this.#quote(told);
    };
    const env = manager.ctlEnvironment();
    await runCommand(manager.ctlCommand([...args, '-o', 'json']), { env, signal, onLine });
  }

  #say(text: string): void {
    const seconds = Math.floor((performance.now() - this.#beganAtMs) / 1000);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    process.stdout.write(`${clock}  ${text}\n`);
  }

  #quote(text: string): void {
    process.stdout.write(`        ${text}\n`);
  }
}
