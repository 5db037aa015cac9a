/** The way between two sites fails, by chance and just when something is said; so do the managers at its ends. */
import type { TwoWorlds } from './forward-worlds.ts';
import { Weather } from './power-weather.ts';

export class ForwardWeather {
  readonly #worlds: TwoWorlds;
  readonly #weathers: readonly Weather[];
  readonly #meanGapMs: number;
  readonly #ambushShare: number;
  #isOver = false;

  constructor(worlds: TwoWorlds, isWild: boolean) {
    const { receiver, sender, sites } = worlds;
    const { chance } = receiver.world;
    this.#worlds = worlds;
    this.#weathers = [
      new Weather(receiver, isWild),
      new Weather(sender, isWild && sites.kind !== 'on-a-node'),
    ];
    this.#meanGapMs = chance.one([20_000, 120_000, 600_000, Number.POSITIVE_INFINITY]);
    this.#ambushShare = chance.one([0, 0.2, 0.6]);
  }

  begin(): void {
    const { receiver, sender } = this.#worlds;
    for (const weather of this.#weathers) weather.begin();
    if (Number.isFinite(this.#meanGapMs)) this.#again();
    sender.onTrigger = () => {
      this.#ambush();
      this.#mainsReturn();
    };
    this.#worlds.onStanding = () => this.#ambush();
    receiver.onRunEnded = ({ outcome }) => {
      if (outcome === 'aborted') this.#killAtEnd();
    };
  }

  end(): void {
    this.#isOver = true;
    for (const weather of this.#weathers) weather.end();
    this.#worlds.way.heal();
  }

  #again(): void {
    const { time, chance } = this.#worlds.receiver.world;
    time.after(chance.between(0, 2 * this.#meanGapMs), () => {
      if (this.#isOver) return;
      this.#strike();
      this.#again();
    });
  }

  /** In the very window: between a record and its answer, an answer and what follows from it. */
  #ambush(): void {
    const { time, chance } = this.#worlds.receiver.world;
    if (this.#isOver || !chance.happens(this.#ambushShare)) return;
    time.after(chance.between(0, chance.one([4, 40, 4000])), () => {
      if (this.#isOver) return;
      this.#worlds.receiver.world.sometimes('struck in the window');
      this.#strike();
    });
  }

  /** Soon after the trigger: in time to take it back, or nearly. */
  #mainsReturn(): void {
    const { receiver, sender } = this.#worlds;
    const { time, chance } = receiver.world;
    if (this.#isOver || !chance.happens(0.15)) return;
    time.after(chance.between(0, 60_000), () => {
      for (const ups of sender.grid.upses) ups.setMains(true);
    });
  }

  /** Between the end of a run that was taken back and the start of what it had stopped. */
  #killAtEnd(): void {
    const { time, chance } = this.#worlds.receiver.world;
    if (this.#isOver || !chance.happens(0.5)) return;
    time.after(chance.between(0, 8), () => {
      this.#worlds.receiver.world.sometimes('struck at the end of a run that was taken back');
      this.#weathers[0]?.faults.killManager();
    });
  }

  #strike(): void {
    const { way, receiver } = this.#worlds;
    const { chance } = receiver.world;
    const [there, here] = this.#weathers;
    const acts = [
      () => way.cut(chance.between(100, 8000)),
      () => way.cut(chance.between(3000, 60_000)),
      () => chance.happens(0.3) && way.cut(chance.between(60_000, 900_000)),
      () => way.reset(),
      () => way.reset(),
      () => there?.faults.killManager(),
      () => here?.faults.killManager(),
    ];
    chance.one(acts)();
  }
}
